"""Catalogues, rows that could not be taken, and the progress of indexing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.item import Item

_QUOTED = re.compile("“[^”]*”")


@dataclass(frozen=True, slots=True)
class CatalogInfo:
    """A catalogue in the data directory.

    Attributes:
        name: Short name, ``[a-z0-9-]+``; also its folder.
        title: Name for people.
        items: Number of items stored.
        searchable: Items that can be found, per engine.
        quarantined: Rows that were left out, with a reason each.
        departments: Distinct departments, sorted.
        product_types: Distinct product types, sorted.
        source: File that it was read from last.
        updated: When the last indexing ended, ISO 8601 UTC, or empty.
        engine: The engine that was chosen to answer here; empty for the usual one.
        problem: Sentences on what of it can't be read, and what to do; empty where all is well.
    """

    name: str
    title: str
    items: int
    searchable: Mapping[str, int]
    quarantined: int
    departments: tuple[str, ...]
    product_types: tuple[str, ...]
    source: str = ""
    updated: str = ""
    engine: str = ""
    problem: str = ""

    @property
    def usable(self) -> bool:
        """There are items, and they can be searched where nothing is damaged or in spite of it."""
        return bool(self.items) and bool(self.searchable or not self.problem)


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that was left out of the catalogue, and why.

    Attributes:
        row: Number of the row in the file, the first data row being 1.
        item_id: Its id, where it had one.
        field: The column that is to blame, where one is.
        reason: A sentence for the person who can mend the file.
    """

    row: int
    item_id: str
    field: str
    reason: str

    @property
    def general_reason(self) -> str:
        """The reason without what it quotes, so that rows of one kind can be counted together."""
        return _QUOTED.sub("…", self.reason)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one indexing run did.

    Attributes:
        catalog: Name of the catalogue.
        rows: Rows read.
        items: Items in the catalogue afterwards.
        added: New items.
        changed: Items whose row or photo changed.
        unchanged: Items that cost nothing.
        removed: Items removed because the file no longer has them (only with ``prune``).
        quarantined: Rows left out.
        seconds: Wall time.
        per_stage: Units of work really done per stage (a cache hit is no work).
        notes: Sentences on how the file was understood: format, encoding, what was guessed.
    """

    catalog: str
    rows: int
    items: int
    added: int
    changed: int
    unchanged: int
    removed: int
    quarantined: tuple[QuarantinedRow, ...]
    seconds: float
    per_stage: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownRow:
    """What is stored of a row that was taken before: its item, and the key it had then."""

    item: Item
    row_key: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """A row that was taken.

    Attributes:
        item: The item, its photo stored.
        row_key: Hash of the row's words and its photo's identity (64 hex digits); store it beside
            the item and hand both back as ``KnownRow``.
        unchanged: The known item as it was: nothing was read or decoded.
    """

    item: Item
    row_key: str
    unchanged: bool
