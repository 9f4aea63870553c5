"""Which columns of another tool's table hold grades."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from core.base.tables import open_table
from core.errors import JudgmentError
from core.judging.grade_columns import GradeColumns, grade_columns


def decided(tmp_path: Path, head: str, *rows: str, people: Sequence[str] = ()) -> GradeColumns:
    path = tmp_path / "a.csv"
    path.write_text("\n".join((head, *rows)) + "\n")
    table = open_table(path)
    names = {"_".join(name.lower().split()): name for name in table.columns}
    return grade_columns(table, names, {"query", "docid"}, people)


@pytest.mark.parametrize(
    ("head", "rating"),
    [
        ("query,docid,Rating", "Rating"),
        ("query,docid,label,rating", "rating"),
        ("query,docid,score,grade", "grade"),
        ("query,docid,esci_label", "esci_label"),
        ("query,docid,human relevance", "human relevance"),
        ("query,docid,final_judgment", "final_judgment"),
        ("query,docid,final_judgement", "final_judgement"),
    ],
)
def test_a_column_of_such_a_name_has_one_grade_a_row(tmp_path, head, rating):
    assert decided(tmp_path, head, "lamp,a,1,2") == GradeColumns(rating)


def test_two_columns_that_end_alike_are_two_raters(tmp_path):
    both = decided(tmp_path, "query,docid,a_label,b_label", "lamp,x,1,2")
    assert both == GradeColumns(raters=("a_label", "b_label"))


def test_a_rater_s_column_has_small_numbers_in_half_of_its_cells(tmp_path):
    rows = (
        "lamp,a,1,1,10,11,00000001,000000001,-1,good,", "lamp,b,x,x,0,12,1,000000001,-2,bad,",
        "lamp,c,,x,,1,2,,,,",
    )  # fmt: skip
    names = ("half", "less", "ten", "eleven", "eight", "nine", "minus", "words", "empty")
    rated = ",".join(f"{name}_rating" for name in names)
    columns = decided(tmp_path, f"query,docid,{rated}", *rows)
    assert columns.raters == ("half_rating", "ten_rating", "eight_rating")
    assert columns.notes == (
        "These columns were not taken for people's grades: “less_rating”, “eleven_rating”, "
        "“nine_rating”, “minus_rating”, “words_rating”.",
    )


def test_a_book_with_decimals_has_raters(tmp_path):
    """Quepid writes grades as 3.0."""
    book = decided(tmp_path, "query,docid,Ann,Ben", "lamp,a,3.0,2.0", "lamp,b,,0.00")
    assert book.raters == ("Ann", "Ben")
    assert decided(tmp_path, "query,docid,weight", "lamp,a,3.25", "lamp,b,0.5").raters == ()


def test_columns_of_unknown_names_are_no_people_unless_all_could_be(tmp_path):
    """A number in stock is as small as a grade: only a person can say which it is."""
    rows = ("lamp,a,3,2,red", "lamp,b,0,1,blue")
    with pytest.raises(JudgmentError, match=r"Which columns of a\.csv are people\? “Ann”, “stock”"):
        decided(tmp_path, "query,docid,Ann,stock,colour", *rows)
    named = decided(tmp_path, "query,docid,Ann,stock,colour", *rows, people=["Ann"])
    assert named == GradeColumns(raters=("Ann",))
    by_name = decided(tmp_path, "query,docid,Ann rating,stock,colour", *rows)
    assert by_name.raters == ("Ann rating",)
    assert by_name.notes == (
        "These columns were not taken for people's grades: “stock”, “colour”.",
    )
    with pytest.raises(JudgmentError, match="no column “Ben”; it has: query, docid, Ann, stock"):
        decided(tmp_path, "query,docid,Ann,stock,colour", *rows, people=["Ben"])


def test_numbers_of_other_things_are_no_grades(tmp_path):
    aside = [
        "name", "title", "description", "position", "doc_position", "url", "rank", "team_name",
        "date", "notes", "record_id", "large_version", "fold", "clicks", "year", "price",
    ]  # fmt: skip
    columns = decided(
        tmp_path, ",".join(["query", "docid", "Ann", *aside]), "lamp,a,2" + ",1" * len(aside)
    )
    assert columns.raters == ("Ann",)
    assert columns.notes == (
        "These columns were taken for people's grades: “Ann”.",
        "These columns were not taken for people's grades: “name”, “title”, “description”, "
        "“position”, “doc_position”, “url”, “rank”, “team_name” and 8 more.",
    )


def test_a_book_that_nobody_has_judged_has_raters_all_the_same(tmp_path):
    columns = decided(tmp_path, "query,docid,Ann,Ben", "lamp,a,,", "lamp,b, ,")
    assert columns.raters == ("Ann", "Ben")
    columns = decided(tmp_path, "query,docid,Ann,Ben", "lamp,a,1,")
    assert columns.raters == ("Ann",)


def test_a_long_name_is_cut_in_the_note(tmp_path):
    columns = decided(tmp_path, f"query,docid,Ann_grade,{'x' * 50}", "lamp,a,1,red")
    assert columns.notes[0].endswith(f"grades: “{'x' * 40}”.")
