from __future__ import annotations

from pathlib import Path

import pytest

from core.base.tables import FileReport
from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.judgment_readers import read
from core.judging.queries import numbered, parse_lines, read_file, similar_item_queries
from core.judging.query_texts import read_query_texts


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


@pytest.mark.parametrize(
    ("line", "query"),
    [
        (" red  chair ", JudgmentQuery("", "red  chair")),
        ("item: a b ", JudgmentQuery("", item_id="a b")),
        ("ITEM:X", JudgmentQuery("", item_id="X")),
        ("items:X", JudgmentQuery("", "items:X")),
        ("c" * 501, JudgmentQuery("", "c" * 500)),
    ],
)
def test_a_line_is_a_text_or_an_item(line: str, query: JudgmentQuery) -> None:
    assert parse_lines(line) == numbered([query])
    assert numbered([query])[0].query_id == "q1"


def test_queries_are_numbered_without_empty_and_repeated_ones() -> None:
    picture = JudgmentQuery("old", picture="a" * 64)
    given = [JudgmentQuery(""), JudgmentQuery("x", "lamp"), JudgmentQuery("y", "lamp"), picture,
             JudgmentQuery("", item_id="i")]  # fmt: skip
    assert numbered(given) == (
        JudgmentQuery("q1", "lamp"), JudgmentQuery("q2", picture="a" * 64),
        JudgmentQuery("q3", item_id="i"),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["query", "Query_Text", "text", "q", "search", "Search_Term",
                                  " keywords ", "term"])  # fmt: skip
@pytest.mark.parametrize("count", ["count", "frequency", "Freq", "searches", "volume", "hits"])
def test_columns_are_known_by_their_usual_names(tmp_path: Path, name: str, count: str) -> None:
    table = tmp_path / "queries.csv"
    table.write_text(f"{count},other,{name}\n1,x,lamp\n5,x,rug\n0,x,sofa\n-3,x,bed\n")
    assert texts(table) == ["rug", "lamp", "sofa", "bed"]
    assert texts(table, 1) == ["rug"]


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (("2.9", "2", "3"), ["c", "a", "b"]),
        (("", "1", "2"), ["c", "b", "a"]),
        (("many", "1", "2"), ["c", "a", "b"]),
        (("1e999", "1", "2"), ["c", "a", "b"]),
        (("-5", "0", "1"), ["c", "a", "b"]),
    ],
)
def test_odd_counts_cost_no_query(tmp_path: Path, cells: tuple[str, ...], order: list[str]) -> None:
    table = tmp_path / "queries.csv"
    rows = "".join(f"{query},{cell}\n" for query, cell in zip("abc", cells, strict=True))
    table.write_text("query,count\n" + rows)
    assert texts(table) == order


@pytest.mark.parametrize(
    ("name", "text", "queries"),
    [
        ("a.csv", "query\nlamp, red\nrug\n", ["lamp, red", "rug"]),
        ("a.csv", "lamp\nlamp\nrug\n", ["lamp", "rug"]),
        ("a.tsv", "text\tx\nlamp\t1\n\t2\n", ["lamp"]),
        ("a.jsonl", '{"query": "lamp"}\n{"query": null}\n{"x": 1}\n{"query": 7}\n', ["lamp", "7"]),
        ("a.json", '[{"q": "lamp", "hits": 1}, {"q": "rug", "hits": 3}]', ["rug", "lamp"]),
        ("a.ndjson", '{"q": "lamp"}', ["lamp"]),
        ("a.TXT", "lamp; red\nitem:7\n", ["lamp; red", ""]),
        ("a.log", "query,count\n", ["query,count"]),
    ],
)
def test_lists_and_tables_are_told_apart(
    tmp_path: Path, name: str, text: str, queries: list[str]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert texts(path) == queries


def test_long_queries_are_cut_before_they_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("rug\n" + "x" * 500 + "\n" + "x" * 500 + "y\n")
    assert texts(path) == ["x" * 500, "rug"]


def test_a_file_without_queries_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for name in ("missing.csv", "missing.log"):
        with pytest.raises(JudgmentError, match=rf"“{name}” can't be read"):
            read_file(tmp_path / name)
    path.write_text("query,count\n,1\n")
    with pytest.raises(JudgmentError, match=r"There are no queries in a\.csv\.$"):
        read_file(path)
    path.write_text("query,count\na,1,2\n")
    with pytest.raises(JudgmentError, match=r"no queries in a\.csv \(row 1: "):
        read_file(path)
    path.write_text("a,b\n1,2\n")
    sentence = r"a\.csv has no column named query, query_text, text, q …; it has: a, b\."
    with pytest.raises(JudgmentError, match=sentence):
        read_file(path)


def test_what_was_guessed_and_left_out_is_counted(tmp_path: Path) -> None:
    path, report = tmp_path / "a.csv", FileReport()
    path.write_bytes("query,count\nStuhl grün,1\n,2\na,1,2\nTür,1\n".encode("cp1252"))
    assert len(read_file(path, report=report)) == 2
    assert [(row.place, row.column) for row in report.left_out] == [("row 3", "")]
    assert "read as Windows-1252" in report.guesses[0]
    assert report.notes[-1].startswith("“a.csv”: 1 of 3 rows was left out: row 3: ")
    path, report = tmp_path / "b.log", FileReport()
    path.write_bytes("Stół\nŁóżko\nżółte\n".encode() + b"\x81\xfd\x90\nb\n")
    assert len(read_file(path, report=report)) == 4
    assert [(row.place, row.column) for row in report.left_out] == [("line 4", "")]
    assert report.left_out[0].reason.startswith("Line 4 holds characters")
    assert "of 5 rows" in report.notes[-1]


def test_a_sample_takes_turns_over_the_kinds_and_stays_the_same() -> None:
    kinds = {f"c{n}": "chair" for n in range(4)} | {"l1": "lamp", "l2": "lamp", "r1": "rug"}
    drawn = [query.item_id for query in similar_item_queries(kinds, 99, "seed")]
    assert sorted(drawn) == sorted(kinds)
    assert sorted(kinds[item] for item in drawn[:3]) == ["chair", "lamp", "rug"]
    assert sorted(kinds[item] for item in drawn[3:5]) == ["chair", "lamp"]
    assert drawn == ["c0", "l1", "r1", "c3", "l2", "c2", "c1"]
    assert similar_item_queries(kinds, 2, "seed")[0] == JudgmentQuery("", item_id=drawn[0])
    assert len(similar_item_queries(kinds, 2, "seed")) == 2
    assert [query.item_id for query in similar_item_queries(kinds, 99, "other")] != drawn
    assert similar_item_queries({}, 3, "seed") == ()
