"""What a person sees of an item's rewritten text, and which ones are worth a look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.correction import Correction
from core.domain.item import Item
from core.domain.rewrite import Rewrite, RewriteRun


class Writer(StrEnum):
    """Whose text stands."""

    PERSON = "person"
    AGENT = "agent"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class RewriteView:
    """An item's standing text with all that led to it.

    Attributes:
        item: The item.
        standing: The text that is embedded; ``None`` while there is none.
        writer: Whose it is.
        machine: What the machine wrote: the standing text, or the one under a person's.
        decision: The person's event, where a person decided.
        history: All events of people on this item's text, oldest first.
        runs: All runs of the agent over it, latest first.
        embedded: The stored vectors were made of the standing text.
        agreement: Cosine of the photo and the standing text, where embedded.
        agent_off: Why the agent can't be asked; empty when it can.
    """

    item: Item
    standing: Rewrite | None
    writer: Writer
    machine: Rewrite | None
    decision: Correction | None
    history: tuple[Correction, ...]
    runs: tuple[RewriteRun, ...]
    embedded: bool
    agreement: float | None
    agent_off: str


@dataclass(frozen=True, slots=True)
class WorthALook:
    """A rewrite that a person should look at.

    Attributes:
        item: The item.
        text: Its standing text.
        writer: Who wrote it, for people.
        reasons: Sentences, most serious first.
        severity: For sorting; larger is more serious.
    """

    item: Item
    text: str
    writer: str
    reasons: tuple[str, ...]
    severity: float
