"""Which columns a person chose for a catalogue; they count again at its next update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.app.library import Library
from core.catalog.readers import open_catalog
from core.store.meta import columns_text


@dataclass(frozen=True, slots=True)
class ChosenColumns:
    """Columns to read a file by.

    Attributes:
        columns: Field → column; empty text for a field that is left empty.
        remembered: The fields of them that were chosen at an earlier time.
        notes: Sentences on earlier choices that don't fit this file.
    """

    columns: Mapping[str, str]
    remembered: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class ColumnChoices:
    """Remembers the columns that a person chose, per catalogue."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def of(self, name: str) -> dict[str, str]:
        """Return field → column as chosen for a catalogue; empty where there is no catalogue."""
        if name not in self._library.names():
            return {}
        return dict(self._library.get(name).store.meta.read().chosen_columns)

    def merged(
        self, name: str, source: Path, given: Mapping[str, str] | None = None
    ) -> ChosenColumns:
        """Return the given columns, and for other fields those that were chosen earlier.

        Raises:
            CatalogError: The file can't be read.
        """
        earlier = self.of(name)
        columns = dict(given or {})
        if not earlier:
            return ChosenColumns(columns)
        names = {"", *open_catalog(source).columns}
        kept = {kind: c for kind, c in earlier.items() if kind not in columns and c in names}
        gone = {kind: c for kind, c in earlier.items() if kind not in columns and c not in names}
        notes = tuple(
            f"The column “{column}”, chosen earlier for the {kind.replace('_', ' ')}, is not in "
            "this file; the columns' names were looked at instead."
            for kind, column in gone.items()
        )
        return ChosenColumns(kept | columns, tuple(kept), notes)

    def remember(self, name: str, columns: Mapping[str, str]) -> None:
        """Keep choices for a catalogue's next update; earlier ones of other fields stay."""
        if columns:
            self._write(name, self.of(name) | dict(columns))

    def forget(self, name: str) -> None:
        """Forget all choices, so that columns are guessed again.

        Raises:
            CatalogError: There is no such catalogue.
        """
        self._write(self._library.resolve(name), {})

    def _write(self, name: str, columns: Mapping[str, str]) -> None:
        meta = self._library.get(name).store.meta
        meta.write(replace(meta.read(), columns=columns_text(columns)))
