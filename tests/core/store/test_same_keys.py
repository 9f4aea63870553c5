"""Two writers that merge the same new keys at once, as after a lost lock, store each key once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from core.base.buckets import Bucket
from core.store.database import (
    count_rows,
    ensure_table,
    find_table,
    insert_new,
    open_database,
    read_rows,
    upsert,
)

SCHEMA = pa.schema(
    [pa.field("item_id", pa.string(), nullable=False), pa.field("writer", pa.int64())]
)
TURNS, ROWS = 8, 20


def rows(turn: int, writer: int) -> pa.Table:
    ids = [f"{turn}-{number}" for number in range(ROWS)]
    return pa.table({"item_id": ids, "writer": [writer] * ROWS}, schema=SCHEMA)


def race(
    folder: Path, merge: Callable[[lancedb.table.Table, str, pa.Table], None]
) -> lancedb.table.Table:
    """Let two writers with handles of their own merge the same keys at the same moments."""
    upsert(ensure_table(open_database(folder), "items", SCHEMA), "item_id", rows(-1, 0))
    barrier, errors = threading.Barrier(2, timeout=60), list[BaseException]()

    def work(writer: int) -> None:
        try:
            table = find_table(open_database(folder), "items")
            assert table is not None
            for turn in range(TURNS):
                barrier.wait()
                merge(table, "item_id", rows(turn, writer))
        except BaseException as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    table = find_table(open_database(folder), "items")
    assert table is not None
    return table


@pytest.mark.parametrize("merge", [upsert, insert_new])
def test_each_key_is_stored_once(tmp_path: Path, merge: Callable[..., None]) -> None:
    table = race(tmp_path / "lance", merge)
    ids = read_rows(table, ["item_id"])["item_id"].to_pylist()
    assert len(ids) == len(set(ids)) == (TURNS + 1) * ROWS


@pytest.mark.parametrize("merge", [upsert, insert_new])
def test_each_key_is_stored_once_in_a_bucket(in_bucket: Bucket, merge: Callable[..., None]) -> None:
    table = race(in_bucket.folder / "catalogs" / "x" / "lance", merge)
    ids = read_rows(table, ["item_id"])["item_id"].to_pylist()
    assert len(ids) == len(set(ids)) == (TURNS + 1) * ROWS


def test_the_key_of_an_earlier_versions_table_is_named_by_its_first_merge(tmp_path: Path) -> None:
    database = open_database(tmp_path / "lance")
    table = ensure_table(database, "items", SCHEMA)
    table.add(rows(0, 0))
    assert not table.schema.field("item_id").metadata
    upsert(table, "item_id", rows(0, 1))
    version = table.version
    upsert(table, "item_id", rows(1, 1))
    assert table.schema.field("item_id").metadata
    assert (count_rows(table), table.version) == (2 * ROWS, version + 1)
