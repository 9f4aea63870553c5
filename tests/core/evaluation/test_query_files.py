from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.base.tables import FileReport
from core.domain import EvalQuery
from core.errors import EvaluationError
from core.evaluation import trec
from core.evaluation.query_files import read_qrels, read_queries


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_queries_in_every_form(tmp_path: Path) -> None:
    csv = write(tmp_path / "q.csv", 'query_id,text,item_id,image\n1,"red, soft",,\n2,,i9,a.jpg\n')
    assert read_queries(csv) == (
        EvalQuery("1", "red, soft"),
        EvalQuery("2", "", tmp_path / "a.jpg", "i9"),
    )
    plain = write(tmp_path / "topics.txt", "7\tblue chair\n8\tlamp\n")
    assert [query.text for query in read_queries(plain)] == ["blue chair", "lamp"]
    table = pa.table({"query_id": ["p"], "image": [b"jpeg"], "extra": [1]})
    pq.write_table(table, tmp_path / "q.parquet")
    assert read_queries(tmp_path / "q.parquet") == (EvalQuery("p", image=b"jpeg"),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("query_id,text\n,a\n", r"row 1 \(query_id\): there is no query_id"),
        ("query_id,text\n1,\n", "neither text nor image"),
        ("query_id,text\n", "no query in"),
        ("", "no query in"),
        ("id,words\n1,a\n", "no column “query_id” and no “text” or .*it has: id, words"),
        ("query_id,words\n1,a\n", "no column “text” or “image” or “item_id”"),
    ],
)
def test_bad_queries_are_sentences(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        read_queries(write(tmp_path / "q.csv", text))


def test_judgments(tmp_path: Path) -> None:
    csv = write(tmp_path / "r.csv", "query_id,item_id,relevance\n1,a,3\n1,b,0\n2,c,1.0\n")
    assert read_qrels(csv) == {"1": {"a": 3, "b": 0}, "2": {"c": 1}}
    for line in ("1,a,maybe", "1,a,0.5", ",a,1"):
        with pytest.raises(EvaluationError, match="row 1"):
            read_qrels(write(tmp_path / "bad.csv", f"query_id,item_id,relevance\n{line}\n"))
    with pytest.raises(EvaluationError, match="can't be read"):
        read_qrels(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no judgment in"),
        ("query_id,product\n1,a\n", "no column “item_id”; it has: query_id, product"),
        ("1 0 a good\n", r"as TREC qrels: line 1 \(grade\): “good” is no whole number"),
    ],
)
def test_bad_judgments_are_sentences(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        read_qrels(write(tmp_path / "r.csv", text))


def test_a_table_of_four_columns_is_no_qrels(tmp_path: Path) -> None:
    """Its header has four words, too: read as qrels, the note was the grade."""
    table = write(tmp_path / "r.tsv", "query_id\titem_id\trelevance\tnote\n1\ta\t3\t0\n")
    assert read_qrels(table) == {"1": {"a": 3}}
    assert read_qrels(write(tmp_path / "q.tsv", "1\t0\ta\t1\n")) == {"1": {"a": 1}}


def test_topics_of_trec_are_queries(tmp_path: Path) -> None:
    old = "<top>\n<num> Number: 7\n<title> blue chair\n</top>\n<top><num>8<title>lamp</top>\n"
    new = '<topics>\n<topic number="7"><query>blue chair</query></topic>\n'
    new += '<topic number="8"><query>lamp</query></topic>\n</topics>\n'
    for name, text in (("topics.txt", old), ("topics.xml", new)):
        queries = read_queries(write(tmp_path / name, text))
        assert queries == (EvalQuery("7", "blue chair"), EvalQuery("8", "lamp"))


def test_headers_as_spreadsheets_write_them(tmp_path: Path) -> None:
    queries = write(tmp_path / "q.csv", "\ufeffQuery_ID; Text\n1;red, soft\n")
    assert read_queries(queries) == (EvalQuery("1", "red, soft"),)
    assert read_qrels(write(tmp_path / "r.csv", "1 0 a 2\n")) == {"1": {"a": 2}}


def test_trec_there_and_back(tmp_path: Path) -> None:
    qrels = {"q1": {"a": 2, "b": 0}, "q2": {"c": 1}}
    trec.write_qrels(qrels, tmp_path / "x.qrels")
    assert read_qrels(tmp_path / "x.qrels") == qrels
    run = {"q1": [("b", 0.5), ("a", 0.5)], "q2": [("c", 0.25)]}
    trec.write_run(run, tmp_path / "x.run", "mine")
    back = trec.read_run(tmp_path / "x.run")
    assert {q: [item for item, _ in hits] for q, hits in back.items()} == {
        "q1": ["b", "a"],
        "q2": ["c"],
    }
    with pytest.raises(EvaluationError, match="space"):
        trec.write_run({"q 1": [("a", 1.0)]}, tmp_path / "y.run", "mine")
    with pytest.raises(EvaluationError, match="TREC"):
        trec.read_run(write(tmp_path / "bad.run", "only three words\n"))


def test_bad_queries_are_left_out_and_reported_with_row_column_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_bytes(
        "query_id,text\n1,grüner Stuhl\n,a\n1,b\n2,\n3,c,d,e\n4,lamp\n".encode("cp1252")
    )
    report = FileReport()
    assert [query.query_id for query in read_queries(path, report=report)] == ["1", "4"]
    assert [(row.place, row.column) for row in report.left_out] == [
        ("row 2", "query_id"),
        ("row 3", "query_id"),
        ("row 4", ""),
        ("row 5", ""),
    ]
    assert "the id “1” comes twice; the first counts" in report.left_out[1].reason
    guessed, left_out = report.notes
    assert "Windows-1252" in guessed
    assert left_out.startswith("“q.csv”: 4 of 6 rows were left out: row 2 (query_id): there is no")


def test_bad_judgments_are_left_out_and_reported(tmp_path: Path) -> None:
    rows = "1,a,1\n1,a,0\n1,b,maybe\n1,c,1e300\n1,d,nan\n,e,1\n2,,1\n2,f,2\n2,g,0.5\n2,h,-1\n"
    path = write(tmp_path / "r.csv", "query_id,item_id,relevance\n" + rows)
    report = FileReport()
    assert read_qrels(path, report) == {"1": {"a": 1}, "2": {"f": 2, "h": -1}}
    assert [(row.place, row.column) for row in report.left_out] == [
        ("row 2", "item_id"), ("row 3", "relevance"), ("row 4", "relevance"),
        ("row 5", "relevance"), ("row 6", "query_id"), ("row 7", "item_id"),
        ("row 9", "relevance"),
    ]  # fmt: skip
    (note,) = report.notes
    assert note.endswith("; and 2 more.")


def test_trec_files_are_read_as_tables_are(tmp_path: Path) -> None:
    qrels, run = tmp_path / "r.qrels", tmp_path / "x.run"
    qrels.write_bytes("1 0 grün 2\n1 0 blau\n1 0 rot viel\n1 0 grün 1\n".encode("cp1252"))
    run.write_bytes(
        "1 Q0 a 1 0.5 t\n1 Q0 b 2 nan t\n1 Q0 a 3 0.4 t\nx\n1 Q0 c 4 1e999 t\n".encode("utf-16")
    )
    report = FileReport()
    assert read_qrels(qrels, report) == {"1": {"grün": 2}}
    assert trec.read_run(run, report) == {"1": [("a", 0.5)]}
    assert [row.place for row in report.left_out] == [
        "line 2", "line 3", "line 4", "line 2", "line 3", "line 4", "line 5"
    ]  # fmt: skip
    assert any("Windows-1252" in guess for guess in report.guesses)


def test_columns_have_the_names_of_other_tools(tmp_path: Path) -> None:
    """BEIR's files, MS MARCO's queries, and columns as Quepid and OpenSearch name them."""
    beir = tmp_path / "queries.jsonl"
    beir.write_text('{"_id": "7", "text": "red lamp", "metadata": {}}\n')
    assert [(q.query_id, q.text) for q in read_queries(beir)] == [("7", "red lamp")]
    (tmp_path / "test.tsv").write_text("query-id\tcorpus-id\tscore\n7\tl1\t3\n7\tl2\t0\n")
    assert read_qrels(tmp_path / "test.tsv") == {"7": {"l1": 3, "l2": 0}}
    (tmp_path / "queries.dev.small.tsv").write_text("7\tred lamp; small\n8\trug\n")
    read = read_queries(tmp_path / "queries.dev.small.tsv")
    assert [(q.query_id, q.text) for q in read] == [("7", "red lamp; small"), ("8", "rug")]
    (tmp_path / "a.csv").write_text("qid,docid,rating\n7,l1,2\n")
    assert read_qrels(tmp_path / "a.csv") == {"7": {"l1": 2}}


def test_a_column_s_own_name_comes_before_another_tool_s(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("query_id,qid,item_id,docid,relevance,score\n7,1,l1,x,2,9\n")
    assert read_qrels(tmp_path / "a.csv") == {"7": {"l1": 2}}


def test_labels_in_words_are_refused_with_the_way_to_take_them_in(tmp_path: Path) -> None:
    (tmp_path / "label.csv").write_text("id\tquery_id\tproduct_id\tlabel\n0\t7\tl1\tExact\n")
    with pytest.raises(EvaluationError, match="`judgments import` takes labels in words"):
        read_qrels(tmp_path / "label.csv")
    (tmp_path / "empty.csv").write_text("query_id,item_id,relevance\n,l1,1\n")
    with pytest.raises(EvaluationError, match=r"there is no query_id\)\.$"):
        read_qrels(tmp_path / "empty.csv")
