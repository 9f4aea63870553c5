"""Names of lists and of grades, and explanations, in other tools' files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.judging.foreign_frame import Frame, frame_of
from core.judging.importing import carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.store.database import open_database

LABELS = {"0": "Poor", "1": "Fair", "2": "Good", "3": "Perfect"}


@pytest.fixture
def desk(tmp_path: Path) -> JudgmentQueue:
    return JudgmentQueue(open_database(tmp_path / "lance"))


def book(folder: Path, ratings: list[float], **frame: object) -> Path:
    """Write a book as Quepid's export does."""
    pairs = [
        {"query_text": "lamp", "doc_id": f"l{number}", "position": number,
         "document_fields": "{}", "judgements": [
             {"rating": rating, "unrateable": False, "judge_later": False,
              "user_email": "ann@example.com", "explanation": f"Because of {number}."}]}
        for number, rating in enumerate(ratings)
    ]  # fmt: skip
    path = folder / "book_7.json"
    path.write_text(
        json.dumps({"name": "Lamps, round 1", **frame, "query_doc_pairs": pairs}, indent=2)
    )
    return path


@pytest.mark.parametrize(
    "frame",
    [{"scale_with_labels": LABELS}, {"scorer": {"scale": [0, 1, 2, 3], "scaleWithLabels": LABELS}}],
)
def test_a_book_keeps_its_name_its_grades_names_and_the_explanations(
    desk: JudgmentQueue, tmp_path: Path, frame: dict
) -> None:
    """Its labels happen to be 0 and 1 alone, and the scale is one of four grades all the same."""
    planned = plan(desk, book(tmp_path, [1.0, 0.0], **frame), lambda ids: ids)
    assert carry_out(desk, planned) == 2
    made = desk.sets.get(planned.judgment_set.set_id)
    assert made.name == "Lamps, round 1"
    assert made.grades == {0: "Poor", 1: "Fair", 2: "Good", 3: "Perfect"}
    assert [(e.annotator, e.grade, e.note) for e in desk.current(made.set_id)] == [
        ("ann@example.com", 1, "Because of 0."), ("ann@example.com", 0, "Because of 1."),
    ]  # fmt: skip
    assert not any("0 or 1" in note for note in planned.notes)
    assert planned.notes == (
        "The rows are those of the list “query_doc_pairs”; of the rest only the name and the names "
        "of grades are read.",
    )
    named = plan(desk, book(tmp_path, [1.0], **frame), lambda ids: ids, name="Mine")
    assert named.judgment_set.name == "Mine"


def test_names_that_a_set_can_t_have_are_told(desk: JudgmentQueue, tmp_path: Path) -> None:
    """A scale to 100 becomes grades; and a set that exists has names of its own."""
    wide = {"0": "Poor", "50": "So-so", "100": "Perfect"}
    path = book(tmp_path, [0.0, 50.0, 100.0] * 6, scale_with_labels=wide)
    planned = plan(desk, path, lambda ids: ids)
    assert planned.judgment_set.grades[0] == "irrelevant"
    left_out = [note for note in planned.notes if "names of its grades are left out" in note]
    assert left_out == [
        "The file's names of its grades are left out: 0 Poor, 50 So-so, 100 Perfect."
    ]
    first = plan(desk, book(tmp_path, [1.0, 3.0]), lambda ids: ids, name="First")
    carry_out(desk, first)
    second = plan(
        desk, book(tmp_path, [2.0], scale_with_labels=LABELS), lambda ids: ids,
        set_id=first.judgment_set.set_id,
    )  # fmt: skip
    assert second.judgment_set.grades[0] == "irrelevant"
    assert "The file's names of its grades are left out: 0 Poor, 1 Fair, 2 Good, 3 Perfect." in (
        second.notes
    )


def test_a_mapping_that_a_person_wrote_keeps_names_only_where_grades_stay(
    desk: JudgmentQueue, tmp_path: Path
) -> None:
    path = book(tmp_path, [1.0, 3.0], scale_with_labels=LABELS)
    same = plan(desk, path, lambda ids: ids, mapping="0=0, 1=1, 2=2, 3=3")
    assert same.judgment_set.grades[3] == "Perfect"
    other = plan(desk, path, lambda ids: ids, mapping="1=0, 3=1")
    assert other.judgment_set.grades == {0: "not relevant", 1: "relevant"}
    assert any("left out" in note for note in other.notes)


def test_an_explanation_stands_beside_a_label_that_is_no_grade(
    desk: JudgmentQueue, tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("query,docid,rating,explanation\nlamp,l1,E,It is one.\nlamp,l2,I,\n")
    planned = plan(desk, path, lambda ids: ids)
    assert [event.note for event in planned.events] == [
        "It is one. · label in the file: e", "label in the file: i",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"name": "Mine", "judgmentRatings": []}', "Mine"),
        ('{"index": "tmdb", "queries": []}', "tmdb"),
        ('{"hits": {"hits": [{"_source": {"name": "Theirs"}}]}}', "Theirs"),
        ('{"hits": {"hits": [{"_source": {"name": "A"}}, {"_source": {"name": "B"}}]}}', ""),
        ('{"name": 7}', ""),
        ("[]", ""),
        ("{", ""),
        ("[" * 100_000, ""),
        ('{"name": "a\\u0000b"}', "ab"),
    ],
)
def test_the_name_of_a_list(text: str, name: str) -> None:
    assert frame_of(text).name == name


def test_a_scale_of_no_numbers_has_no_names() -> None:
    assert frame_of('{"scale_with_labels": {"good": "x"}}') == Frame()
    assert frame_of('{"scale_with_labels": {"0": null, "1": " yes "}}').scale == {0: "", 1: "yes"}
