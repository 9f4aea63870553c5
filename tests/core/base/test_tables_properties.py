"""Whatever stands in a file: a table, or a sentence."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base.tables import open_table
from core.errors import CatalogError, StudioError
from core.evaluation.query_files import read_qrels, read_queries
from core.judging import judgment_readers
from core.judging.queries import read_file

_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_PARTS = st.sampled_from(
    [b'"', b'""', b",", b";", b"\t", b"\n", b"\r\n", b"\r", b"id", b"title", b"\xfc", b"\xc3\xbc",
     b"{", b"}", b"[", b"]", b":", b'{"id": 1}', b"\\", b"\0", b"\x1b$B", b"\xef\xbb\xbf", b"sep=;",
     b"\xff\xfe", b"null", b"1e999", b"9" * 30]
)  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "json", "jsonl", "parquet", "gz"])
@given(content=st.one_of(st.binary(max_size=200), st.lists(_PARTS, max_size=30).map(b"".join)))
def test_only_sentences_escape(tmp_path: Path, ending: str, content: bytes) -> None:
    path = tmp_path / f"any.{ending}"
    path.write_bytes(content)
    for read in (
        lambda file: list(open_table(file, CatalogError).rows()),
        read_queries,
        read_qrels,
        read_file,
        judgment_readers.read,
    ):
        with contextlib.suppress(StudioError):
            read(path)


@given(
    rows=st.lists(st.lists(_TEXT, min_size=3, max_size=3), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
)
def test_what_the_csv_module_writes_comes_back(
    tmp_path: Path, rows: list[list[str]], delimiter: str
) -> None:
    held = io.StringIO()
    writer = csv.writer(held, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["id", "title", "more"], *([f"x{cell}" for cell in row] for row in rows)])
    path = tmp_path / "any.csv"
    path.write_text(held.getvalue(), encoding="utf-8", newline="")
    read = [list(row.cells.values()) for row in open_table(path).rows()]
    assert read == [[f"x{cell}" for cell in row] for row in rows]
