"""Several files as one feed: a folder, or a pattern."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.app.library import name_from
from core.catalog.feed_parts import folder_of, is_there, parts_of
from core.catalog.readers import look, open_catalog
from core.errors import CatalogError


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Three parts in three formats, with what engines leave beside them."""
    folder = tmp_path / "feed"
    folder.mkdir()
    pq.write_table(
        pa.table({"id": ["1", "2"], "title": ["Red chair", "Blue sofa"]}),
        folder / "part-00.parquet",
    )
    (folder / "part-01.csv").write_text("id,title,price\n3,Lamp,9\n4,Rug,5\n5,Bed,80\n")
    (folder / "part-02.jsonl").write_text(json.dumps({"id": "6", "title": "Desk"}) + "\n")
    (folder / "_SUCCESS").touch()
    (folder / ".part-00.parquet.crc").touch()
    (folder / "readme.md").write_text("no table")
    (folder / "images").mkdir()
    return folder


def test_a_folder_is_one_feed_with_the_columns_of_all_and_rows_numbered_through(
    feed: Path,
) -> None:
    table = open_catalog(feed)
    assert table.columns == ("id", "title", "price")
    rows = list(table.rows())
    assert [(row.number, row.cells["id"]) for row in rows] == [(n, str(n)) for n in range(1, 7)]
    assert [row.cells.get("price") for row in rows] == [None, None, "9", "5", "80", None]
    assert table.count() == 6
    seen = look(feed)
    assert seen.rows == 6
    assert "3 files" in seen.notes[0]
    assert "part-01.csv: rows 3 to 5" in seen.notes[1]


def test_a_pattern_takes_what_it_stands_for_also_in_folders_below(feed: Path) -> None:
    below = feed / "day=1"
    below.mkdir()
    (below / "part-00.csv").write_text("id,title\n7,Stool\n")
    assert [p.name for p in parts_of(feed / "part-*.csv")] == ["part-01.csv"]
    pattern = feed / "**" / "*.csv"
    assert [p.name for p in parts_of(pattern)] == ["part-00.csv", "part-01.csv"]
    assert folder_of(pattern) == folder_of(feed) == folder_of(feed / "part-01.csv") == feed
    assert name_from(feed / "part-*.csv") == name_from(feed) == "feed"
    assert is_there(pattern)
    assert not is_there(feed / "*.xlsx")


def test_a_file_with_a_star_in_its_name_is_that_file(tmp_path: Path) -> None:
    path = tmp_path / "a*b.csv"
    path.write_text("id,title\n1,Chair\n")
    (tmp_path / "acb.csv").write_text("id,title\n2,Lamp\n")
    assert parts_of(path) == [path]
    assert open_catalog(path).count() == 1
    assert folder_of(path) == tmp_path


def test_a_folder_or_pattern_without_tables_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="has no file with products"):
        open_catalog(tmp_path)
    with pytest.raises(CatalogError, match="stands for no file with products"):
        open_catalog(tmp_path / "*.parquet")


def test_a_damaged_part_is_named(feed: Path) -> None:
    (feed / "part-03.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(CatalogError, match=r"part-03\.parquet"):
        open_catalog(feed)
