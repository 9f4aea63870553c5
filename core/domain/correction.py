"""What a person decided about an item, over the machine's head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Stage(StrEnum):
    """The stage whose result a person may replace."""

    GROUNDING = "grounding"
    REWRITE = "rewrite"


@dataclass(frozen=True, slots=True)
class Correction:
    """One append-only event; the latest of an item, a stage and a photo stands.

    Attributes:
        event_id: Random UUID (hex).
        stage: Which result it replaces.
        item_id: The item.
        photo: sha256 of the photo that the person looked at; on another photo it is not applied.
        key: Where the corrected result lies in the stage's table; empty gives the item back to
            the machine.
        author: Who.
        note: Why, or what was done, for people.
        at: When, UTC.
    """

    event_id: str
    stage: Stage
    item_id: str
    photo: str
    key: str
    author: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Corrections:
    """The standing corrections of a catalogue, and what the rewriting agent wrote for its items.

    Attributes:
        standing: By stage, item id and photo; withdrawn ones are left out.
        agent: By item id, the inputs that the agent last described (``pipeline.keys.inputs_key``)
            and the key of what it wrote. It wins over the offline rules; a person wins over both.
    """

    standing: Mapping[tuple[Stage, str, str], Correction] = field(default_factory=dict)
    agent: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, stage: Stage, item_id: str, photo: str) -> Correction | None:
        """The correction that stands for an item's photo, or ``None``."""
        return self.standing.get((stage, item_id, photo))

    def rewritten(self, item_id: str, inputs: str) -> str:
        """Key of the agent's rewrite of an item, or empty: none, or its inputs have changed."""
        described, key = self.agent.get(item_id, ("", ""))
        return key if described == inputs else ""
