"""Corrections: decisions of people that replace a machine's result for an item."""

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
    """One append-only event; the latest event per item, stage and photo is in force.

    Attributes:
        event_id: Random UUID (hex).
        stage: Which result it replaces.
        item_id: The item.
        photo: SHA-256 of the photo that the person looked at; not applied to another photo.
        key: Key of the corrected result in the stage's table; empty withdraws the correction.
        author: Name of the person.
        note: Reason, or what was done, for people.
        at: Time, UTC.
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
    """The corrections in force in a catalogue, and the rewriting agent's texts for its items.

    Attributes:
        standing: Corrections by stage, item id and photo; withdrawn ones are left out.
        agent: By item id, the hash of the inputs that the agent last described and the key of its
            text. It is used instead of the offline rules; a person's text is used before both.
    """

    standing: Mapping[tuple[Stage, str, str], Correction] = field(default_factory=dict)
    agent: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def of(self, stage: Stage, item_id: str, photo: str) -> Correction | None:
        """Return the correction in force for an item's photo, or ``None``."""
        return self.standing.get((stage, item_id, photo))

    def rewritten(self, item_id: str, inputs: str) -> str:
        """Return the key of the agent's text for an item; empty if none fits these inputs."""
        described, key = self.agent.get(item_id, ("", ""))
        return key if described == inputs else ""
