"""JSON of RRE and Quepid, as their own examples and exports show it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.domain import JudgmentQuery
from core.judging.judgment_readers import read
from core.judging.judgment_rows import File, Rejected, Row


def file_with(tmp_path: Path, content: object, indent: int | None = 1) -> File:
    path = tmp_path / "ratings.json"
    path.write_text(json.dumps(content, indent=indent))
    return read(path)


def given(file: File) -> list[tuple[str, str, int | None, str]]:
    return [(row.query.text, row.item_id, row.grade, row.annotator) for row in file.rows]


def query(words: str, documents: object = None, **more: str) -> dict[str, object]:
    entry: dict[str, object] = {"template": "t.json", "placeholders": {"$query": words, **more}}
    return entry if documents is None else entry | {"relevant_documents": documents}


@pytest.mark.parametrize("indent", [1, None])
def test_quepid_s_export_for_rre_lists_items_by_their_rating(
    tmp_path: Path, indent: int | None
) -> None:
    content = {
        "id_field": "id", "index": "Lamps", "template": "template.json",
        "queries": [query("red lamp", {"1": ["l2"], "3": ["l1", "l3"]}),
                    query("rug", {"0": ["l1"]})],
    }  # fmt: skip
    file = file_with(tmp_path, content, indent)
    assert (file.format, file.rejected) == ("RRE's ratings", ())
    assert given(file) == [
        ("red lamp", "l2", 1, ""), ("red lamp", "l1", 3, ""), ("red lamp", "l3", 3, ""),
        ("rug", "l1", 0, ""),
    ]  # fmt: skip


@pytest.mark.parametrize("indent", [1, None])
def test_rre_s_own_files_have_topics_and_groups_of_queries(
    tmp_path: Path, indent: int | None
) -> None:
    groups = [
        {"name": "Brand", "queries": [query("fender"), query("Fender bass", **{"$lang": "eng"})],
         "relevant_documents": {"1": {"gain": 3}, "2": {"gain": 2}}},
        {"name": "Own", "queries": [query("jazz", {"3": ["1"]})]},
    ]  # fmt: skip
    wanted = [
        ("fender", "1", 3, ""), ("fender", "2", 2, ""), ("Fender bass", "1", 3, ""),
        ("Fender bass", "2", 2, ""), ("jazz", "1", 3, ""),
    ]  # fmt: skip
    topics = {"index": "core1", "id_field": "id",
              "topics": [{"description": "Basses", "query_groups": groups}]}  # fmt: skip
    for content in (topics, {"index": "core1", "query_groups": groups}):
        file = file_with(tmp_path, content, indent)
        assert (file.format, file.rejected, given(file)) == ("RRE's ratings", (), wanted)


def test_what_is_wrong_in_ratings_of_rre_is_said(tmp_path: Path) -> None:
    two = {"placeholders": {"$a": "x", "$b": "y"}, "relevant_documents": {"1": ["l1"]}}
    only = {"placeholders": {"$words": "lamp"}, "relevant_documents": {"l1": {"gain": 2}, "l2": {}}}
    content = {"queries": [two, only, {"relevant_documents": {"1": ["l1"]}},
                           {"query_groups": [5, {"name": "empty"}]}, {"queries": 7}]}  # fmt: skip
    file = file_with(tmp_path, content)
    assert given(file) == [("lamp", "l1", 2, "")]
    assert [row.reason for row in file.rejected] == [
        "has a query without the placeholder “$query”", "has no grade",
        "has a query without the placeholder “$query”", "holds a query that is no JSON object",
        "has no query", "has no relevant_documents",
    ]  # fmt: skip


def test_quepid_s_book_names_its_judges(tmp_path: Path) -> None:
    judged = [
        {"rating": 3.0, "unrateable": False, "judge_later": False, "user_email": "ann@example.com"},
        {"rating": 1.0, "unrateable": False, "judge_later": False, "explanation": "half"},
        {"rating": None, "unrateable": True, "judge_later": False, "user_email": "ben@example.com"},
        {"rating": None, "unrateable": False, "judge_later": True},
        7,
    ]  # fmt: skip
    pair = {"query_text": "lamp", "doc_id": "l1", "position": 1,
            "document_fields": "{\"title\": \"x\"}", "judgements": judged}  # fmt: skip
    content = {"name": "Book", "show_rank": True, "scorer": {"scale": [0, 1, 2, 3]},
               "query_doc_pairs": [pair, {**pair, "doc_id": "l2", "judgements": []}]}  # fmt: skip
    file = file_with(tmp_path, content)
    assert file.format == "Quepid's book"
    assert given(file) == [("lamp", "l1", 3, "ann@example.com"), ("lamp", "l1", 1, "")]
    assert [row.reason for row in file.rejected] == [
        "is unrateable, says ben@example.com", "is not rated, says the file",
        "holds a judgement that is no JSON object",
    ]  # fmt: skip


@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("judges", [[], [{"name": "a model", "options": [{"a": 1}]}]])
def test_what_stands_before_the_pairs_of_a_book_is_not_taken_for_them(
    tmp_path: Path, judges: list[object], indent: int | None
) -> None:
    judged = {"rating": 3.0, "unrateable": False, "user_email": "anna@shop.example"}
    pair = {"query_text": "red lamp", "doc_id": "l1", "judgements": [judged]}
    book = {
        "name": "Lamps", "scale": [0, 1, 2, 3], "ai_judges": judges, "query_doc_pairs": [pair],
    }  # fmt: skip
    file = file_with(tmp_path, book, indent)
    assert given(file) == [("red lamp", "l1", 3, "anna@shop.example")]


@pytest.mark.parametrize("name", ["query", "query_text"])
def test_quepid_s_ratings_of_a_case_are_named_by_items(tmp_path: Path, name: str) -> None:
    """``query`` in an export of ratings, ``query_text`` in one of a whole case."""
    content = {"case_name": "Lamps", "queries": [
        {name: "red lamp", "options": {}, "ratings": {"l1": 3.0, "l2": 0}},
        {name: "rug", "ratings": {}}]}  # fmt: skip
    file = file_with(tmp_path, content)
    assert given(file) == [("red lamp", "l1", 3, ""), ("red lamp", "l2", 0, "")]
    assert file.rejected == ()
    assert file.rows[0] == Row(file.rows[0].line, JudgmentQuery("", "red lamp"), "l1", 3)


def test_a_list_of_ratings_may_hold_nonsense(tmp_path: Path) -> None:
    content = [{"judgmentRatings": [5]}, {"query": "lamp", "ratings": {"l1": [1]}}]
    file = file_with(tmp_path, content)
    assert file.rows[0].grade is None
    assert file.rejected[0] == Rejected(2, "holds a list of ratings that is no JSON object")
