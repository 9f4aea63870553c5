"""Open a catalogue's LanceDB database and its tables; build filters without pasting text.

The helpers avoid these measured problems: handles become outdated without
``read_consistency_interval``; ``merge_insert`` from two processes at once duplicates keys unless
the schema names the key, and begins anew where it does, so only the indexing job of a catalogue
upserts and all other writers append; small appends leave many fragments, so tables are compacted
regularly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any, cast

import lancedb
import pyarrow as pa
from lancedb.expr import Expr, col, lit
from lancedb.merge import LanceMergeInsertBuilder
from lancedb.table import LanceTable, Table

from core.base.buckets import bucket_of, folder_at
from core.base.locks import WRITE, file_lock
from core.domain import Filters
from core.store.damage import reading

#: Version of all schemas; increase it when old tables can no longer be read.
SCHEMA_VERSION = 1

#: How long old table versions are kept for present readers.
KEEP_VERSIONS = timedelta(minutes=15)

#: How long a reader in a bucket may use a version of a table without a look for a newer one.
FRESH = timedelta(seconds=1)

#: Longest ``IN`` list of one query.
IN_LIMIT = 1000


def open_database(path: Path, age: timedelta = timedelta(0)) -> lancedb.DBConnection:
    """Open (or create) the database of a folder; every read sees the latest commit.

    Args:
        path: The folder.
        age: In a bucket, where a look for a newer version is a question to the store, how long a
            table may be read without one. This process's own writes are seen at once.
    """
    path.mkdir(parents=True, exist_ok=True)
    bucket = bucket_of(path)
    if bucket is None:
        return lancedb.connect(str(path), read_consistency_interval=timedelta(0))
    return lancedb.connect(bucket.uri(path), read_consistency_interval=age)


def for_readers(database: lancedb.DBConnection) -> lancedb.DBConnection:
    """Return the same database for readers that may miss the last second (``FRESH``)."""
    folder = folder_of(database)
    return database if bucket_of(folder) is None else open_database(folder, FRESH)


def folder_of(database: lancedb.DBConnection) -> Path:
    """Return the local folder of a database; of one in a bucket it holds only locks' names."""
    return folder_at(str(database.uri))


def with_metadata(schema: pa.Schema, **facts: object) -> pa.Schema:
    """Return the schema with the schema version and further facts in its metadata."""
    facts = {"schema_version": SCHEMA_VERSION, **facts}
    return schema.with_metadata({name: str(value) for name, value in facts.items()})


def ensure_table(database: lancedb.DBConnection, name: str, schema: pa.Schema) -> Table:
    """Open a table, creating it when it is missing; safe with several processes at once.

    A table of an earlier version is opened as it is. Without the lock, the second of two
    processes that create a table at once replaces the first one's, with the rows in it.

    Raises:
        CatalogDamaged: It is there, but can't be read.
    """
    table = find_table(database, name)
    if table is not None:
        return table
    with file_lock(folder_of(database) / f".{name}.create.lock", WRITE):
        table = find_table(database, name)
        if table is not None:
            return table
        with reading(address_of(database, name)):
            return database.create_table(name, schema=with_metadata(schema))


def add_missing_columns(table: Table, schema: pa.Schema, lock_file: Path) -> None:
    """Add the (nullable) columns that a table of an earlier version lacks.

    Args:
        table: The table.
        schema: The present schema.
        lock_file: Lock file, so that only one process does it.
    """
    if not set(schema.names) - set(table.schema.names):
        return
    with file_lock(lock_file, WRITE):
        missing = [field for field in schema if field.name not in table.schema.names]
        if missing:
            table.add_columns(missing)


def find_table(database: lancedb.DBConnection, name: str) -> Table | None:
    """Open a table; return ``None`` if there is none of that name.

    Raises:
        CatalogDamaged: It is there, but can't be read.
    """
    address = address_of(database, name)
    with reading(address):
        if Path(address).is_file():  # LanceDB would try again for ten seconds
            raise NotADirectoryError("its folder is a file")
        table = _opened(database, name)
        data = Path(address) / "data"
        if table is None and data.is_dir() and any(data.iterdir()):
            table = _opened(database, name)  # another process may have made it a moment ago
            if table is None:  # a new empty table would hide the loss
                raise FileNotFoundError("its manifest is missing")
    return table


def _opened(database: lancedb.DBConnection, name: str) -> Table | None:
    """Open a table; return ``None`` if LanceDB finds none."""
    try:
        return database.open_table(name)
    except ValueError as error:
        if "was not found" not in str(error):
            raise
    return None


def address_of(database: lancedb.DBConnection, name: str) -> str:
    """Return the folder or URI of a table."""
    return f"{str(database.uri).rstrip('/')}/{name}.lance"


def metadata_of(table: Table) -> Mapping[str, str]:
    """Return the facts that the table was created with; raises ``CatalogDamaged``."""
    with reading(table):
        facts = table.schema.metadata or {}
    return {key.decode(): value.decode() for key, value in facts.items()}


def one_of(column: str, values: Iterable[str]) -> Expr:
    """Return the filter ``column IN (values)``; the values are quoted by LanceDB, never pasted."""
    return col(column).isin([lit(value) for value in values])


def filter_condition(filters: Filters) -> Expr | None:
    """Return the filter for a table with ``department`` and ``product_type`` columns."""
    chosen = {"department": filters.departments, "product_type": filters.product_types}
    parts = [one_of(column, values) for column, values in chosen.items() if values]
    return reduce(lambda left, right: left & right, parts) if parts else None


def read_rows(
    table: Table, columns: list[str], condition: Expr | None = None, limit: int | None = None
) -> pa.Table:
    """Read columns of all rows, or of those that a condition holds for.

    Raises:
        CatalogDamaged: The table's files can't be read, or it has other columns.
    """
    with reading(table):
        query = table.search().select(columns)
        if condition is not None:
            query = query.where(condition)
        if limit is not None:
            query = query.limit(limit)
        return query.to_arrow()


def count_rows(table: Table, condition: str | None = None) -> int:
    """Return how many rows there are; raises ``CatalogDamaged``."""
    with reading(table):
        return int(table.count_rows(condition))


def version_of(table: Table) -> int:
    """Return a table's version, which grows with every change; raises ``CatalogDamaged``."""
    with reading(table):
        return int(table.version)


def read_by(table: Table, column: str, values: Iterable[str], columns: list[str]) -> pa.Table:
    """Return rows whose ``column`` is one of ``values``, in no order; any number of values."""
    wanted = list(dict.fromkeys(values))
    if not wanted:
        return read_rows(table, columns, limit=1).slice(0, 0)
    parts = [
        read_rows(table, columns, one_of(column, wanted[start : start + IN_LIMIT]))
        for start in range(0, len(wanted), IN_LIMIT)
    ]
    return pa.concat_tables(parts)


def delete_by(table: Table, column: str, values: Iterable[str]) -> None:
    """Delete the rows whose ``column`` is one of ``values``."""
    wanted = list(values)
    for start in range(0, len(wanted), IN_LIMIT):
        table.delete(one_of(column, wanted[start : start + IN_LIMIT]))


def upsert(table: Table, key: str, rows: pa.Table) -> None:
    """Replace rows with the same key, insert the others (one writer at a time: see above)."""
    if rows.num_rows:
        _merge(table, key).when_matched_update_all().when_not_matched_insert_all().execute(rows)


def insert_new(table: Table, key: str, rows: pa.Table) -> None:
    """Insert the rows whose key is not there yet (one writer at a time: see above)."""
    if rows.num_rows:
        _merge(table, key).when_not_matched_insert_all().execute(rows)


def _merge(table: Table, key: str) -> LanceMergeInsertBuilder:
    """Begin a merge by a key, which the table's schema names from the first merge on.

    Only with a key that the schema names LanceDB compares, at the commit, what others inserted
    since the merge began, and merges again.
    """
    with reading(table):
        field = table.schema.field(key)
    if not field.nullable and not field.metadata:  # LanceDB refuses keys that may be missing
        cast("LanceTable", table).set_unenforced_primary_key(key)
    return table.merge_insert(key)


def compact(table: Table) -> None:
    """Merge small fragments, bring the indices up to date, drop old versions."""
    table.optimize(cleanup_older_than=KEEP_VERSIONS)


def fragments(table: Table) -> int:
    """Return how many fragments the table has."""
    stats = cast("Mapping[str, Any]", table.stats())  # a dictionary, whatever its class says
    return int(stats["fragment_stats"]["num_fragments"])
