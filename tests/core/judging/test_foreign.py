"""Other tools' files: TREC qrels, CSVs of ratings, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.domain import JudgmentQuery
from core.errors import JudgmentError
from core.judging.judgment_readers import read
from core.judging.judgment_rows import File, Rejected, Row


def file_with(tmp_path: Path, name: str, text: str | bytes) -> File:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


def row(line: int, text: str, item: str, grade: int, who: str = "") -> Row:
    return Row(line, JudgmentQuery("", text), item, grade, who)


def test_qrels_have_four_parts_a_line(tmp_path: Path) -> None:
    text = b"q1 0 a 3\n\nq1 0 b\nq2\t0  c 1.0\nq2 0 d 1.5\nq2 0 e x\nq3 0 f 1 g\n"
    text += b"q4 0 \x81\xfd\x90 1\nq5 0 h 0\n"
    file = file_with(tmp_path, "a.qrels", "Stół\nŁóżko\nżółte\n".encode() + text)
    assert file.format == "TREC qrels"
    assert file.rows == tuple(
        Row(line, JudgmentQuery(query), item, grade)
        for line, query, item, grade in [
            (4, "q1", "a", 3), (7, "q2", "c", 1), (8, "q2", "d", None), (9, "q2", "e", None),
            (12, "q5", "h", 0),
        ]
    )  # fmt: skip
    assert [each.label for each in file.rows] == ["3", "1", "1.5", "x", "0"]
    assert [(r.line, r.reason.split(":")[0]) for r in file.rejected] == [
        (1, "is not “query 0 item grade”"), (2, "is not “query 0 item grade”"),
        (3, "is not “query 0 item grade”"), (6, "is not “query 0 item grade”"),
        (10, "is not “query 0 item grade”"), (11, "can't be read"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "doc", "rating"),
    [
        ("query", "docid", "rating"),
        ("query_text", "doc_id", "grade"),
        ("QueryText", "Document ID", "judgment"),
        ("q", "item_id", "label"),
        ("Search", "doc", "relevance"),
        ("query", "product_id", "score"),
        ("query", "id", "Rating"),
    ],
)
def test_columns_are_found_by_the_names_that_tools_use(
    tmp_path: Path, query: str, doc: str, rating: str
) -> None:
    file = file_with(tmp_path, "a.csv", f"{rating},{doc},{query}\n2, a ,  red chair \n")
    assert file.format == "CSV with one rating a row"
    assert file.rows == (row(2, "red chair", "a", 2),)


@pytest.mark.parametrize("name", ["qid", "query_id", "QueryID"])
def test_queries_may_be_ids_alone(tmp_path: Path, name: str) -> None:
    file = file_with(tmp_path, "a.csv", f"{name},docid,rating\n7,a,1\n")
    assert file.rows == (Row(2, JudgmentQuery("7"), "a", 1),)
    both = file_with(tmp_path, "b.csv", f"{name},query,docid,rating\n7,lamp,a,1\n")
    assert both.rows == (Row(2, JudgmentQuery("7", "lamp"), "a", 1),)


@pytest.mark.parametrize("name", ["rater", "annotator", "Judge", "user", "username"])
def test_a_row_may_name_its_rater(tmp_path: Path, name: str) -> None:
    text = f"query,docid,rating,{name}\nlamp,a,1, ada \nlamp,b,2,\n"
    assert file_with(tmp_path, "a.csv", text).rows == (
        row(2, "lamp", "a", 1, "ada"), row(3, "lamp", "b", 2),
    )  # fmt: skip


def test_a_book_has_a_column_per_rater(tmp_path: Path) -> None:
    text = "query,docid,agent_1_rating,Bo rating,cy_grade,_rating\nlamp,a,3,2, 1 ,0\nlamp,b,,,,1\n"
    file = file_with(tmp_path, "book.csv", text)
    assert file.format == "CSV with 4 raters"
    assert file.rows == (
        row(2, "lamp", "a", 3, "agent_1"), row(2, "lamp", "a", 2, "Bo"),
        row(2, "lamp", "a", 1, "cy"), row(2, "lamp", "a", 0, "rater"),
        row(3, "lamp", "b", 1, "rater"),
    )  # fmt: skip


def test_rows_that_are_no_judgment_are_rejected_with_their_line(tmp_path: Path) -> None:
    text = b"query,docid,rating\n,a,1\nlamp,,1\nlamp,b,\nlamp,c,1,5\nlamp,d,much\nlamp,e,2\n"
    file = file_with(tmp_path, "a.csv", text)
    assert file.rows == (Row(6, JudgmentQuery("", "lamp"), "d", None), row(7, "lamp", "e", 2))
    assert [(r.line, r.reason.partition(":")[0]) for r in file.rejected] == [
        (2, "has no query"), (3, "has no item"), (5, "can't be read"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        ("docid,rating", "a.csv has no column for the query or none for the item; it has: "
                         "docid, rating."),
        ("query,rating", "has no column for the query or none for the item; it has: query, "
                         "rating."),
        ("query,docid", "a.csv has no column with ratings."),
    ],
)  # fmt: skip
def test_a_column_that_is_missing_is_said(tmp_path: Path, head: str, sentence: str) -> None:
    with pytest.raises(JudgmentError) as caught:
        file_with(tmp_path, "a.csv", f"{head}\nx,1\n")
    assert str(caught.value).endswith(sentence)


@pytest.mark.parametrize(
    ("query", "doc", "rating", "who"),
    [
        ("query", "docId", "rating", "rater"),
        ("query_text", "id", "score", "annotator"),
        ("querytext", "doc", "label", "judge"),
        ("Q", "product_id", "grade", "user"),
        ("search", "item_id", "judgment", "userName"),
    ],
)
def test_a_json_object_is_a_judgment(
    tmp_path: Path, query: str, doc: str, rating: str, who: str
) -> None:
    entry = {query: "lamp", doc: 17, rating: 2, who: "ada"}
    file = file_with(tmp_path, "a.jsonl", json.dumps(entry))
    assert file.format == "JSON lines"
    assert file.rows == (row(1, "lamp", "17", 2, "ada"),)


def test_a_json_object_may_hold_all_ratings_of_a_query(tmp_path: Path) -> None:
    ratings = [{"docId": "a", "rating": 3}, 5, {"docId": "b", "rating": 0, "query": "rug"}]
    entries = [{"query": "lamp", "ratings": ratings}, {"ratings": [{"docId": "c", "rating": 1}]},
               {"query": "sofa", "docId": "d", "rating": "1"}, {"query": "sofa"}, {}]  # fmt: skip
    file = file_with(tmp_path, "a.jsonl", "\n".join(map(json.dumps, entries)))
    assert file.rows == (row(1, "lamp", "a", 3), row(1, "rug", "b", 0), row(3, "sofa", "d", 1))
    assert file.rejected == (
        Rejected(1, "holds a rating that is no JSON object"), Rejected(2, "has no query"),
        Rejected(4, "has no item"), Rejected(5, "has no query"),
    )  # fmt: skip


def test_json_lines_may_name_queries_by_id(tmp_path: Path) -> None:
    entries = [
        {"query-id": 7, "corpus-id": "a", "score": 2}, {"qid": "8", "pid": 3, "label": 1},
        {"query_id": "9", "query": None, "docid": "b", "rating": 0, "rater": None},
    ]  # fmt: skip
    file = file_with(tmp_path, "a.jsonl", "\n".join(map(json.dumps, entries)))
    assert file.rejected == ()
    assert file.rows == (
        Row(1, JudgmentQuery("7"), "a", 2), Row(2, JudgmentQuery("8"), "3", 1),
        Row(3, JudgmentQuery("9"), "b", 0),
    )  # fmt: skip
