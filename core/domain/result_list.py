"""A list of results as people take it away: what was asked, and one row per result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.item import Item


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result.

    Attributes:
        item: The item.
        engine: Name of the engine that returned it; empty where items are browsed.
        fingerprint: Fingerprint of that engine.
        rank: 1 is best; 0 where items are browsed.
        score: The ranking score; ``None`` where items are browsed.
        cosine: Cosine between query and item, if there is one.
        reasons: Why it is a result.
        rewrite: The item's rewritten text.
        duplicates: Ids of near-duplicates that are folded under it.
        page: Address of the item in the studio; empty where it is served nowhere.
        photo: Address or file of its photo.
    """

    item: Item
    engine: str = ""
    fingerprint: str = ""
    rank: int = 0
    score: float | None = None
    cosine: float | None = None
    reasons: tuple[str, ...] = ()
    rewrite: str = ""
    duplicates: tuple[str, ...] = ()
    page: str = ""
    photo: str = ""


@dataclass(frozen=True, slots=True)
class ResultList:
    """The rows of one list, or of several engines' lists one after the other.

    Attributes:
        catalog: Name of the catalogue.
        query: What was asked, by the name of each part; what was not asked is missing.
        rows: The results in the order of the screen.
        link: Address that shows the list again; empty where there is none.
        made: Time of the search, ISO 8601 UTC.
    """

    catalog: str
    query: Mapping[str, object]
    rows: tuple[ResultRow, ...]
    link: str = ""
    made: str = field(default="")

    @property
    def sentence(self) -> str:
        """The query as one line of text."""
        return "; ".join(f"{name.replace('_', ' ')}: {_text(v)}" for name, v in self.query.items())


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
