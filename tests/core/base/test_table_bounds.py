"""Tables that were made to take memory or time: bounded, and a sentence."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.base.tables import open_table, text_lines
from core.errors import CatalogError
from tests.work_and_memory import cost


def _bomb(path: Path, start: bytes, block: bytes, blocks: int) -> Path:
    """Pack a file that unpacks to a start and a block many times over."""
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(start)
        for _ in range(blocks):
            file.write(block)
    return path


def _read(path: Path) -> tuple[int, str]:
    """Return how many rows came, and the sentence that ended it."""
    rows = 0
    try:
        for _ in open_table(path, CatalogError).rows():
            rows += 1
    except CatalogError as error:
        return rows, str(error)
    return rows, ""


BOMBS = {
    "rows.csv.gz": (b"id,title\n", b"1,chair\n" * 2**14),
    "cell.csv.gz": (b'id,title\n1,"', b"a" * 2**17),
    "line.jsonl.gz": (b'{"id": 1}\n{"id": "', b"a" * 2**17),
    "list.json.gz": (b"[", b'{"id": 1},' * 2**13),
    "blanks.csv.gz": (b"id,title\n", b"\n" * 2**17),
}


def _sentences(paths: list[Path]) -> list[str]:
    return [_read(path)[1] for path in paths]


def test_a_packed_bomb_is_refused_early_and_never_held_in_memory(tmp_path: Path) -> None:
    paths = [_bomb(tmp_path / name, *bomb, 600) for name, bomb in BOMBS.items()]  # 75 MB each
    sentences, seconds, mb = cost(_sentences, paths)
    for sentence in sentences:
        assert "unpacks to more than 200 times its size" in sentence
    assert mb < 150
    assert seconds < 20


def test_a_parquet_file_that_unfolds_without_end_is_refused_early(tmp_path: Path) -> None:
    """One long value many times over, which a dictionary holds once; and a long run of one byte."""
    value, count = "a" * 2**20, 200_000
    indices = pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [value])
    many, long = tmp_path / "many.parquet", tmp_path / "long.parquet"
    pq.write_table(pa.table({"id": np.arange(count), "title": indices}), many, compression="zstd")
    pq.write_table(
        pa.table({"title": ["b" * (2**28 + 2**20)]}), long, compression="zstd",
        use_dictionary=False, write_statistics=False,
    )  # fmt: skip
    sentences, seconds, mb = cost(_sentences, [many, long])
    for sentence in sentences:
        assert "unfolds to more than 200 times its size" in sentence
    assert mb < 700  # 64 rows of 1 MB, in Arrow and in Python
    assert seconds < 20


def test_a_parquet_file_with_few_values_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "items.parquet"
    pq.write_table(pa.table({"title": ["Chair"] * 100_000, "photo": [b"x" * 50] * 100_000}), path)
    assert _read(path) == (100_000, "")


def test_a_packed_file_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_lines, "_MOST_UNPACKED", 10_000)
    path = _bomb(tmp_path / "items.csv.gz", b"id,title\n", b"1,chair\n" * 100, 20)
    with pytest.raises(CatalogError, match="MB when it is unpacked"):
        list(open_table(path, CatalogError).rows())


def test_packed_files_one_behind_the_other_have_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_lines, "_MOST_MEMBERS", 50)
    path = tmp_path / "items.csv.gz"
    path.write_bytes(gzip.compress(b"id,title\n1,a\n") + gzip.compress(b"2,b\n") * 48)
    assert open_table(path).count() == 49
    path.write_bytes(gzip.compress(b"id,title\n") + gzip.compress(b"") * 100)
    with pytest.raises(CatalogError, match="more than 50 packed files"):
        open_table(path, CatalogError)


@pytest.mark.parametrize(
    ("name", "content", "cells", "problem"),
    [
        ("a.jsonl", b'{"a": ' + b"9" * 5000 + b"}\n", None, "a number of more than 4,300 digits"),
        ("a.jsonl", b'{"a": 9223372036854775808}\n', {"a": 2**63}, ""),
        ("a.jsonl", b'{"a": -Infinity, "b": 1e999}\n', {"a": float("-inf"), "b": float("inf")}, ""),
        ("a.jsonl", b'{"a": 1, "a": 2}\n', {"a": 2}, ""),
        ("a.jsonl", b'{"a": "x\\ud83dy"}\n', {"a": "xy"}, ""),
        ("a.jsonl", b'{"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}\n", None, "nested too deeply"),
        ("a.csv", b"a,b\r1,2\n", {"a": "1", "b": "2"}, ""),
        ("a.csv", b"a,b\r\n0,0\n1,2\r", {"a": "1", "b": "2"}, ""),
        ("a.csv", b"a,a\n1,2\n", {"a": "1", "a (2)": "2"}, ""),
        ("a.csv", b'a,b\n"' + b"x" * 200_000 + b'",2\n', {"a": "x" * 200_000, "b": "2"}, ""),
    ],
)
def test_extremes_are_cells_or_a_sentence(
    tmp_path: Path, name: str, content: bytes, cells: dict[str, object] | None, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b'{"a": 0}\n' * (name == "a.jsonl") + content)
    row = list(open_table(path).rows())[-1]
    assert (row.cells or None) == cells
    assert problem in row.problem
    assert "sys." not in row.problem
