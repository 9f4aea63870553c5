"""Load the events of one experiment into DuckDB: table ``e``, on disk and in bounded memory.

DuckDB sums ten million events in seconds on two cores and writes to disk what does not fit, so no
step here holds all events in Python. Identifiers become 64-bit hashes: two of ten million
are equal by chance once in 400,000 logs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.errors import ExperimentError
from core.experiments.behaviour_events import SCHEMA
from core.experiments.model import Experiment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Memory of DuckDB's buffers; the rest of the process needs about as much again.
MEMORY_MB = 800
SEARCH, EXPOSURE, CLICK, CART, PURCHASE = range(5)

_KINDS = ("search", "exposure", "click", "cart", "purchase", "visit")
_HASHED = ("event_id", "session", "query_id", "item_id", "order_id")
_NEEDED = ("time", "kind", "unit")


@contextmanager
def event_database() -> Iterator[DuckDBPyConnection]:
    """Open an empty database; its files are removed when the block ends."""
    import duckdb  # slow to import, and seldom needed

    with tempfile.TemporaryDirectory(prefix="vlclip-events-") as folder:
        database = duckdb.connect(str(Path(folder) / "events.duckdb"))
        try:
            database.execute(f"SET memory_limit='{MEMORY_MB}MB'")
            database.execute("SET temp_directory=$folder", {"folder": folder})
            database.execute("SET preserve_insertion_order=false")
            database.execute("SET TimeZone='UTC'")
            yield database
        finally:
            database.close()


def load_events(
    database: DuckDBPyConnection,
    experiment: Experiment,
    frame: Any,
    further: Mapping[str, str] | None = None,
) -> None:
    """Make the table ``e`` of an experiment's events and of those that name no experiment.

    Its column ``strange`` marks events of variants that the experiment does not have.

    Args:
        database: Where to.
        experiment: Whose events count.
        frame: Table, reader of record batches or data frame with the columns of
            ``behaviour_events.SCHEMA``; time, kind and unit are needed, all others may be missing.
            A reader is read once.
        further: Name in the table → column of the schema to keep as a text.

    Raises:
        ExperimentError: A needed column is missing.
    """
    frame = _as_arrow(frame)
    columns = set(frame.schema.names)
    if missing := [name for name in _NEEDED if name not in columns]:
        raise ExperimentError(f"The events have no column “{missing[0]}”.")
    cells = {name: _text(name, columns) for name in SCHEMA.names}
    hashes = {name: _hashed(cells[name]) for name in _HASHED}
    numbers = {
        name: f"{name}::DOUBLE" if name in columns else "NULL::DOUBLE"
        for name in ("amount", "results")
    }
    variant, kind = cells["variant"], "kind::VARCHAR"
    mine = f"({cells['experiment']} IS NULL OR {cells['experiment']} = $id)"
    ends = "AND time::TIMESTAMP <= $ended" if experiment.ended else ""
    kept = "".join(f", {cells[column]} AS {name}" for name, column in (further or {}).items())
    values: dict[str, Any] = {
        "id": experiment.id, "variants": list(experiment.variant_names), "kinds": list(_KINDS),
    }  # fmt: skip
    if experiment.ended:
        values["ended"] = experiment.ended.replace(tzinfo=None)
    database.register("frame", frame)
    database.execute(
        f"""
        CREATE TABLE e AS SELECT
            {hashes["event_id"]} AS id, time::TIMESTAMP AS moment, hash(unit::VARCHAR) AS unit,
            (list_position($kinds, {kind}) - 1)::UTINYINT AS kind,
            (list_position($variants, {variant}) - 1)::UTINYINT AS variant,
            {variant} IS NOT NULL AND NOT list_contains($variants, {variant}) AS strange,
            {hashes["session"]} AS session, {hashes["query_id"]} AS query,
            {hashes["item_id"]} AS item, {hashes["order_id"]} AS ordered,
            {numbers["amount"]} AS amount, {numbers["results"]} AS results,
            {cells["currency"]} AS currency, {cells["device"]} AS device,
            {cells["query_class"]} AS query_class, {cells["product_type"]} AS product_type{kept}
        FROM frame WHERE unit IS NOT NULL AND time IS NOT NULL AND {mine}
            AND list_contains($kinds, {kind}) {ends}
        """,  # noqa: S608 (the texts are made here, of fixed names)
        values,
    )
    database.unregister("frame")


def replace_table(database: DuckDBPyConnection, old: str, new: str) -> None:
    """Put one table in the place of another."""
    database.execute(f"DROP TABLE {old}")
    database.execute(f"ALTER TABLE {new} RENAME TO {old}")


def number(database: DuckDBPyConnection, query: str) -> int:
    """Return the one number that a query gives; nothing counts as 0."""
    row = database.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _text(name: str, columns: set[str]) -> str:
    return f"NULLIF({name}::VARCHAR, '')" if name in columns else "NULL::VARCHAR"


def _hashed(text: str) -> str:
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE hash({text}) END"


def _as_arrow(frame: Any) -> pa.Table | pa.RecordBatchReader:
    """Return a table or a reader; a data frame of pandas becomes a table, its NaN nulls."""
    if isinstance(frame, pa.Table | pa.RecordBatchReader):
        return frame
    return pa.Table.from_pandas(frame, preserve_index=False)
