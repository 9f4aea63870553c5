"""Summarise a catalogue, and name its damaged tables."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from lancedb.table import Table

from core.domain import CatalogInfo
from core.domain.search_index import SearchIndex
from core.errors import CatalogDamaged
from core.store.catalog_store import CatalogStore
from core.store.damage import reading, reading_folder
from core.store.database import find_table, read_rows, version_of
from core.store.meta import CatalogMeta

T = TypeVar("T")

#: Returns the departments and the product types of a catalogue.
Groups = Callable[[], tuple[tuple[str, ...], tuple[str, ...]]]


class Overview:
    """Describe one catalogue; a table is read again only when its version has changed.

    A damaged table affects its own part only; ``CatalogInfo.problem`` names it and the reason. A
    table that was restored is read again without a restart.

    Args:
        store: The catalogue's tables.
        groups: Returns the departments and the product types of its items.
    """

    def __init__(self, store: CatalogStore, groups: Groups) -> None:
        self._store, self._groups = store, groups
        self._tables: dict[str, Table] = {}
        self._parts: dict[str, tuple[int, Any]] = {}
        self._lock = threading.Lock()

    def info(self) -> CatalogInfo:
        """Describe the catalogue as it is now.

        Raises:
            CatalogDamaged: Its folder can't be read at all.
        """
        with self._lock:
            return self._info()

    def _info(self) -> CatalogInfo:
        store, problems = self._store, self._check()

        def part(table: str, read: Callable[[], T], otherwise: T) -> T:
            if table not in problems:
                try:
                    return self._part(table, read)
                except CatalogDamaged as error:
                    problems[table] = self._forget(table, error)
            return otherwise

        meta = part("meta", lambda: store.meta.read(), CatalogMeta())
        nothing: tuple[int, tuple[tuple[str, ...], tuple[str, ...]]] = (0, ((), ()))
        items, (departments, product_types) = part(
            "items", lambda: (store.items.count(), self._groups()), nothing
        )
        quarantined = part("quarantine", lambda: store.quarantine.count(), 0)
        none: tuple[int, SearchIndex | None] = (0, None)
        vectors = {
            engine: part(f"vectors_{engine}", store.vectors(engine).counted, none)
            for engine in store.engines()
        }
        usable = {e: both for e, both in vectors.items() if f"vectors_{e}" not in problems}
        return CatalogInfo(
            name=store.name,
            title=meta.title or store.name,
            items=items,
            searchable={engine: count for engine, (count, _) in usable.items()},
            quarantined=quarantined,
            departments=departments,
            product_types=product_types,
            source=meta.source,
            updated=meta.updated,
            engine=meta.engine,
            owner=meta.owner,
            columns=meta.chosen_columns,
            problem=" ".join(problems.values()),
            indices={engine: index for engine, (_, index) in usable.items() if index is not None},
        )

    def _check(self) -> dict[str, str]:
        """Read a row of every table once, and of damaged ones again; return their sentences by
        name."""
        names = self._names()
        for gone in set(self._tables).difference(names):
            self._forget(gone)
        problems: dict[str, str] = {}
        for name in names:
            if name not in self._tables:
                try:
                    self._open(name)
                except CatalogDamaged as error:
                    problems[name] = self._forget(name, error)
        return problems

    def _names(self) -> list[str]:
        """Return the names of all tables, also if a file is in place of a table's folder."""
        root = self._store.root
        with reading_folder(root):
            names = list(self._store.database.list_tables(limit=1000).tables)
            files = (path.stem for path in (root / "lance").glob("*.lance") if path.is_file())
            return [*names, *(name for name in files if name not in names)]

    def _open(self, name: str) -> None:
        table = find_table(self._store.database, name)
        if table is None:  # an empty folder: nothing was lost
            return
        with reading(table):
            first = table.schema.names[0]
        # The column of ids is cheap to read and is in every data file.
        read_rows(table, ["item_id" if name.startswith("vectors_") else first])
        self._tables[name] = table

    def _part(self, name: str, read: Callable[[], T]) -> T:
        """Return the result of ``read``, from memory if the table has not changed."""
        table = self._tables.get(name)
        version = version_of(table) if table is not None else 0
        if name not in self._parts or self._parts[name][0] != version:
            self._parts[name] = (version, read())
        return cast("T", self._parts[name][1])

    def _forget(self, name: str, error: CatalogDamaged | None = None) -> str:
        """Close a damaged table, so that it is opened again; return the error's sentence."""
        self._tables.pop(name, None)
        self._parts.pop(name, None)
        self._store.release(name)
        return str(error or "")
