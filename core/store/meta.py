"""Data of a catalogue as a whole: title, source, time of indexing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import lancedb
import pyarrow as pa

from core.store.database import ensure_table, read_rows, upsert

NAME = "meta"

SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class CatalogMeta:
    """Facts of a catalogue.

    Attributes:
        title: Name for people.
        source: File that it was read from last.
        updated: When the last indexing ended, ISO 8601 UTC; empty before that.
        engine: Default engine of the catalogue; empty for the studio's default.
        owner: The signed-in person who added it; empty where nobody is known.
        columns: Columns that a person chose, as JSON; see ``chosen_columns``.
    """

    title: str = ""
    source: str = ""
    updated: str = ""
    engine: str = ""
    owner: str = ""
    columns: str = ""

    @property
    def chosen_columns(self) -> Mapping[str, str]:
        """Return field → column as a person chose it; empty if it can't be read."""
        try:
            chosen = json.loads(self.columns or "{}")
        except (ValueError, RecursionError):
            return {}
        return {str(k): str(v) for k, v in chosen.items()} if isinstance(chosen, dict) else {}


def columns_text(columns: Mapping[str, str]) -> str:
    """Return chosen columns as ``CatalogMeta.columns`` has them."""
    return json.dumps(dict(columns), ensure_ascii=False, sort_keys=True) if columns else ""


class MetaTable:
    """The facts of one catalogue, one row each."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        self._table = ensure_table(database, NAME, SCHEMA)

    def read(self) -> CatalogMeta:
        """Return all facts; names that this version does not know are left out."""
        rows = read_rows(self._table, SCHEMA.names).to_pylist()
        facts = {row["name"]: row["value"] for row in rows}
        return CatalogMeta(**{n: facts[n] for n in CatalogMeta.__slots__ if n in facts})

    def write(self, meta: CatalogMeta) -> None:
        """Store all facts."""
        rows = [{"name": name, "value": value} for name, value in asdict(meta).items()]
        upsert(self._table, "name", pa.Table.from_pylist(rows, schema=SCHEMA))
