from __future__ import annotations

from pathlib import Path

import pytest

from core.base.tables import FileReport
from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.judgment_readers import read, read_query_texts
from core.judging.queries import numbered, parse_lines, read_file, similar_item_queries


def texts(path: Path, limit: int = 0) -> list[str]:
    return [query.text for query in read_file(path, limit)]


def test_queries_one_per_line_without_repeats() -> None:
    lines = " wooden chair \n\nitem: met-1\nwooden chair\nred lamp"
    assert numbered(parse_lines(lines)) == (
        JudgmentQuery("q1", text="wooden chair"),
        JudgmentQuery("q2", item_id="met-1"),
        JudgmentQuery("q3", text="red lamp"),
    )


def test_a_log_gives_its_most_frequent_queries(tmp_path: Path) -> None:
    log = tmp_path / "queries.log"
    log.write_text("lamp\nchair\nlamp\n\nsofa, grey\nlamp\nchair\n", encoding="utf-8")
    assert texts(log) == ["lamp", "chair", "sofa, grey"]
    assert texts(log, 2) == ["lamp", "chair"]


def test_a_csv_with_counts(tmp_path: Path) -> None:
    table = tmp_path / "queries.csv"
    table.write_text('Count;Search\n2;"a; b"\n9;lamp\nmany;rug\n', encoding="utf-8-sig")
    assert texts(table) == ["lamp", "a; b", "rug"]
    table.write_text("name,price\nx,1\n")
    with pytest.raises(JudgmentError, match="no column named query"):
        read_file(table)
    table.write_bytes(b"query\n\xff\xfe\n")
    with pytest.raises(JudgmentError, match="UTF-8"):
        read_file(table)


def test_sampled_items_spread_over_the_kinds() -> None:
    kinds = {f"c{n}": "chair" for n in range(50)} | {"l1": "lamp", "r1": "rug"}
    drawn = similar_item_queries(kinds, 6, "seed")
    assert drawn == similar_item_queries(dict(reversed(kinds.items())), 6, "seed")
    assert {"l1", "r1"} <= {query.item_id for query in drawn}
    assert len(set(drawn)) == 6


def test_a_bad_row_costs_itself_only_and_is_reported(tmp_path: Path) -> None:
    table, log = tmp_path / "queries.csv", tmp_path / "queries.log"
    table.write_text('query,count\nlamp,2\n"rug,1\nsofa,3,4\nchair,1\n')
    report = FileReport()
    assert [query.text for query in read_file(table, report=report)] == ["lamp", "chair"]
    assert [row.place for row in report.left_out] == ["row 2", "row 3"]
    log.write_bytes("Stuhl grün\nTür\n".encode("cp1252"))
    assert [query.text for query in read_file(log, report=report)] == ["Stuhl grün", "Tür"]
    assert "read as Windows-1252" in report.notes[-1]


def test_texts_of_queries_and_guesses_are_reported(tmp_path: Path) -> None:
    path, labels = tmp_path / "texts.tsv", tmp_path / "labels.csv"
    path.write_text("q1\tlamp\nonly an id\nq2\trug\n")
    report = FileReport()
    assert read_query_texts(path, report) == {"q1": "lamp", "q2": "rug"}
    assert report.left_out[0].place == "line 2"
    labels.write_bytes("query,docid,rating\nStuhl grün,a,1\n".encode("cp1252"))
    assert "read as Windows-1252" in read(labels).notes[0]
