"""Review of rewritten texts: one item's text with its history, and the texts to check first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.correction import Correction
from core.domain.item import Item
from core.domain.rewrite import Rewrite, RewriteRun


class Writer(StrEnum):
    """Author of the text in use."""

    PERSON = "person"
    AGENT = "agent"
    RECORDING = "recording"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class RewriteView:
    """An item's text in use, with its history.

    Attributes:
        item: The item.
        standing: The text in use, which is embedded; ``None`` if there is none yet.
        writer: Its author.
        machine: The machine's text: the one in use, or the one that a person's text replaces.
        decision: The person's correction in force, if there is one.
        history: All corrections of this item's text, oldest first.
        runs: All runs of the agent over the item, latest first.
        embedded: Whether the stored vectors were made from the text in use.
        agreement: Cosine between the photo and the text in use; ``None`` if not embedded.
        agent_off: Why the agent can't run; empty if it can.
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
    """A rewritten text that a person should check.

    Attributes:
        item: The item.
        text: Its text in use.
        writer: Author of the text, for people.
        reasons: Sentences, most serious first.
        severity: Sort key; larger is more serious.
    """

    item: Item
    text: str
    writer: str
    reasons: tuple[str, ...]
    severity: float
