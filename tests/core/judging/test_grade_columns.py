"""Which columns of another tool's table hold grades."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base.tables import open_table
from core.judging.grade_columns import GradeColumns, grade_columns

LETTERS = {"e": 3, "s": 2, "c": 1, "i": 0}


def decided(tmp_path: Path, head: str, *rows: str) -> GradeColumns:
    path = tmp_path / "a.csv"
    path.write_text("\n".join((head, *rows)) + "\n")
    table = open_table(path)
    names = {"_".join(name.lower().split()): name for name in table.columns}
    return grade_columns(table, names, {"query", "docid"})


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


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (("E", " s", "C", "I"), LETTERS),
        (("Exact", "Substitute"), {"exact": 3, "substitute": 2, "complement": 1, "irrelevant": 0}),
        (("exact", "partial"), {"exact": 3, "partial": 1, "irrelevant": 0}),
        (("exact", "irrelevant"), {"exact": 3, "substitute": 2, "complement": 1, "irrelevant": 0}),
        (("E", "1"), None),
        (("exact", "maybe"), None),
        (("", ""), None),
    ],
)
def test_words_are_grades_where_all_are_of_one_scale(tmp_path, values, scale):
    columns = decided(tmp_path, "query,docid,rating", *(f"lamp,a,{value}" for value in values))
    assert (columns.rating, columns.scale) == ("rating", scale)
    if scale:
        words = ", ".join(f"{word} = {grade}" for word, grade in scale.items())
        assert columns.notes == (f"Grades were read as {words}.",)
        assert columns.value(f" {values[0].upper()} ") == "3"
    assert columns.value("maybe ") == "maybe "
    assert columns.value("2") == "2"


def test_a_rater_s_column_has_small_numbers_in_half_of_its_cells(tmp_path):
    columns = decided(
        tmp_path, "query,docid,half,less,ten,eleven,eight,nine,minus,words,empty",
        "lamp,a,1,1,10,11,00000001,000000001,-1,good,", "lamp,b,x,x,0,12,1,000000001,-2,bad,",
        "lamp,c,,x,,1,2,,,,",
    )  # fmt: skip
    assert columns.raters == ("half", "ten", "eight")
    assert columns.notes == (
        "These columns were not taken for people's grades: “less”, “eleven”, “nine”, “minus”, "
        "“words”.",
    )


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
        "These columns were not taken for people's grades: “name”, “title”, “description”, "
        "“position”, “doc_position”, “url”, “rank”, “team_name”.",
    )


def test_a_book_that_nobody_has_judged_has_raters_all_the_same(tmp_path):
    columns = decided(tmp_path, "query,docid,Ann,Ben", "lamp,a,,", "lamp,b, ,")
    assert columns == GradeColumns(raters=("Ann", "Ben"))
    columns = decided(tmp_path, "query,docid,Ann,Ben", "lamp,a,1,")
    assert columns == GradeColumns(raters=("Ann",))


def test_a_long_name_is_cut_in_the_note(tmp_path):
    columns = decided(tmp_path, f"query,docid,Ann,{'x' * 50}", "lamp,a,1,red")
    assert columns.notes[0].endswith(f"grades: “{'x' * 40}”.")
