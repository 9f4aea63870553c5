"""Rows with a list of items and one of grades: a judgment for each place."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.judging.importing import plan
from core.judging.judgment_queue import JudgmentQueue
from core.store.database import open_database

ROWS = [
    {"query_id": "7", "query": "red lamp", "doc_ids": ["l1", "l2"], "relevances": [3, 0]},
    {"query_id": "8", "query": "rug", "doc_ids": ["l3"], "relevances": [2]},
]
OBJECTS = [
    {"query": row["query"], "query_id": row["query_id"],
     "ratings": [{"docid": item, "rating": grade}
                 for item, grade in zip(row["doc_ids"], row["relevances"], strict=True)]}
    for row in ROWS
]  # fmt: skip
WANTED = [("7", "l1", 3), ("7", "l2", 0), ("8", "l3", 2)]


@pytest.fixture
def desk(tmp_path: Path) -> JudgmentQueue:
    return JudgmentQueue(open_database(tmp_path / "lance"))


@pytest.mark.parametrize("rows", [ROWS, OBJECTS], ids=["side by side", "objects"])
@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_each_place_of_the_lists_is_a_judgment(
    desk: JudgmentQueue, tmp_path: Path, rows: list[dict], ending: str
) -> None:
    path = tmp_path / f"lists.{ending}"
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    planned = plan(desk, path, lambda ids: ids)
    assert planned.rejected == ()
    assert [(e.query_id, e.item_id, e.grade) for e in planned.events] == WANTED
    texts = {query.query_id: query.text for query in planned.judgment_set.queries}
    assert texts == {"7": "red lamp", "8": "rug"}


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_lists_of_different_lengths_are_told_with_their_row(
    desk: JudgmentQueue, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"lists.{ending}"
    rows = [ROWS[0], {**ROWS[1], "relevances": [2, 1]}]
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    planned = plan(desk, path, lambda ids: ids)
    assert len(planned.events) == 2
    (row,) = planned.rejected
    assert row.line == 2
    assert "lists of different lengths: 1 of “doc_ids”, 2 of “relevances”" in row.reason


def test_a_list_that_is_no_judgment_changes_nothing(desk: JudgmentQueue, tmp_path: Path) -> None:
    path = tmp_path / "tags.parquet"
    rows = [{"query": "lamp", "docid": "l1", "rating": 3, "tags": ["a", "b"]}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    planned = plan(desk, path, lambda ids: ids)
    assert [(e.item_id, e.grade) for e in planned.events] == [("l1", 3)]
