"""Catalogues, rows that were indexed or left out, and the report of an indexing run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.item import Item
from core.domain.search_index import SearchIndex

_QUOTED = re.compile("“[^”]*”")


@dataclass(frozen=True, slots=True)
class CatalogInfo:
    """A catalogue in the data directory.

    Attributes:
        name: Short name, ``[a-z0-9-]+``; also its folder.
        title: Name for people.
        items: Number of items stored.
        searchable: Number of items with a vector, per engine.
        quarantined: Number of rows that were left out.
        departments: Distinct departments, sorted.
        product_types: Distinct product types, sorted.
        source: File that was indexed last.
        updated: When the last indexing ended, ISO 8601 UTC, or empty.
        engine: The engine that answers searches here; empty for the default engine.
        owner: Name of the signed-in person who added it; empty where nobody is known.
        columns: Field → column as a person chose it; empty text for a field that is left empty.
        indices: What was measured of the search index, per engine with a large table.
        problem: Sentences that say what can't be read and what to do; empty if nothing is damaged.
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
    owner: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    indices: Mapping[str, SearchIndex] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether there are items and a search can work: embedded ones, or nothing is damaged."""
        return bool(self.items) and bool(self.searchable or not self.problem)


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A row that was left out of the catalogue, and why.

    Attributes:
        row: Number of the row in the file, the first data row being 1.
        item_id: Its id; empty if it has none.
        field: The column that is wrong; empty if no single column is.
        reason: A sentence for the person who can repair the file.
    """

    row: int
    item_id: str
    field: str
    reason: str

    @property
    def general_reason(self) -> str:
        """The reason without its quoted parts, so that equal reasons can be counted together."""
        return _QUOTED.sub("…", self.reason)


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The result of one indexing run.

    Attributes:
        catalog: Name of the catalogue.
        rows: Rows read.
        items: Items in the catalogue afterwards.
        added: New items.
        changed: Items whose row or photo changed.
        unchanged: Items that needed no work.
        removed: Items removed because the file no longer has them (only with ``prune``).
        quarantined: Rows left out.
        seconds: Wall time.
        per_stage: Units of work done per stage (a cache hit is no work).
        notes: Sentences on how the file was read (format, encoding, what was guessed), and on
            engines that were left out.
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
    """A row of an earlier indexing run: its stored item and the key that it had then."""

    item: Item
    row_key: str


@dataclass(frozen=True, slots=True)
class Ingested:
    """A row that became an item.

    Attributes:
        item: The item, its photo stored.
        row_key: Hash of the row's texts and its photo's identity (64 hex digits); store it with
            the item and pass both as ``KnownRow`` in the next run.
        unchanged: Whether the item is the stored one; no photo was read or decoded then.
        number: Its row in the file; 0 where nobody counted.
        rows: How many rows it was read from: its own, and those of its variants and pictures.
    """

    item: Item
    row_key: str
    unchanged: bool
    number: int = 0
    rows: int = 1
