"""One file, one set of rules: whoever reads a table reads it alike."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from core.catalog.readers import open_catalog
from core.errors import StudioError
from core.evaluation.query_files import read_qrels, read_queries
from core.judging import judgment_readers
from core.judging.queries import read_file

EXCEL = "query_id;query;text;item_id;relevance\r\n1;grüner Stuhl;grüner Stuhl;a1;3\r\n"


@pytest.fixture
def excel(tmp_path: Path) -> Path:
    path = tmp_path / "excel.csv"
    path.write_bytes(EXCEL.encode("cp1252"))
    return path


def test_an_excel_file_is_catalogue_queries_qrels_and_labels_alike(excel: Path) -> None:
    (row,) = open_catalog(excel).rows()
    assert row.cells["text"] == "grüner Stuhl"
    assert [query.text for query in read_queries(excel)] == ["grüner Stuhl"]
    assert [query.text for query in read_file(excel)] == ["grüner Stuhl"]
    assert read_qrels(excel) == {"1": {"a1": 3}}
    file = judgment_readers.read(excel)
    assert [(label.query.text, label.item_id, label.grade) for label in file.rows] == [
        ("grüner Stuhl", "a1", 3)
    ]
    assert "Windows-1252" in file.format


def test_opensearch_ratings_are_read_however_they_are_laid_out(tmp_path: Path) -> None:
    path = tmp_path / "ratings.json"
    for text in (
        '{"judgmentRatings":[{"query":"lamp","ratings":[{"docId":"l1","rating":"3.000"}]}]}',
        '{\n "judgmentRatings": [\n  {\n   "query": "lamp",\n   "ratings": [\n'
        '    {"docId": "l1", "rating": "3.000"}\n   ]\n  }\n ]\n}\n',
    ):
        path.write_text(text)
        (label,) = judgment_readers.read(path).rows
        assert (label.query.text, label.item_id, label.grade) == ("lamp", "l1", 3)


def test_an_unclosed_quote_is_reported_and_hides_no_label(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text('query,docid,rating\nlamp,"l1,3\nlamp,l2,2\nlamp,l3,1\n')
    file = judgment_readers.read(path)
    assert [label.item_id for label in file.rows] == ["l2", "l3"]
    assert "line 2" in file.rejected[0].reason


@pytest.mark.parametrize("name", ["q.csv", "q.tsv", "q.txt", "q.json", "q.parquet", "q.log"])
@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2", b"\xff\xfe\x00", b'"', b"[[", b"PAR1", b"a,a\n1", b"\x1f\x8b\1"]
)
def test_nonsense_is_a_sentence_for_every_reader(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for read in (open_catalog, read_queries, read_qrels, read_file, judgment_readers.read):
        with contextlib.suppress(StudioError):
            read(path)
