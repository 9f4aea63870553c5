"""How the labels of other tools become grades."""

from __future__ import annotations

from collections import Counter

import pytest

from core.domain import DEFAULT_SCALE
from core.errors import JudgmentError
from core.judging.grade_maps import BINARY_SCALE, GradeMap, guessed_map, read_map, scale_for


def mapped(labels: str, grades: set[int] | None = None) -> tuple[str, GradeMap, Counter[str]]:
    counts = Counter(labels.split())
    made = guessed_map(counts, grades)
    return str(made), made, counts


@pytest.mark.parametrize(
    ("labels", "mapping", "scale"),
    [
        ("e s c i", "e=3, s=2, c=1, i=0", "irrelevant complement substitute exact"),
        ("exact partial irrelevant", "exact=3, partial=1, irrelevant=0", None),
        ("0 1 1", "0=0, 1=1", "not-relevant relevant"),
        ("true false", "true=1, false=0", "not-relevant relevant"),
        ("0 2 1", "0=0, 1=1, 2=2, 3=3", None),
        ("0 4 2", "0=0, 1=1, 2=2, 3=3, 4=4", "grade-0 grade-1 grade-2 grade-3 grade-4"),
        ("0 10 5", "0..2.5=0, 2.5..5=1, 5..7.5=2, 7.5..10=3", None),
        ("0 0.873 0.2", "0..0.25=0, 0.25..0.5=1, 0.5..0.75=2, 0.75..1=3", None),
        ("0 2.5 1", "0..0.5=0, 0.5..1.5=1, 1.5..2.5=2, 2.5..3=3", None),
        ("0 1 2 -1", "0=0, 1=1, 2=2, 3=3", None),
        ("0 1 10 100 " * 6, "0=0, 1=1, 10=2, 100=3", None),
        ("0 0.01 0.1 1 " * 6, "0=0, 0.01=1, 0.1=2, 1=3", None),
        ("0 2 100 " * 6, "0=0, 2=1, 100=3", None),
        ("0 50 100 " * 6, "0..25=0, 25..50=1, 50..75=2, 75..100=3", None),
        ("0 1 10 100", "0..25=0, 25..50=1, 50..75=2, 75..100=3", None),
    ],
)
def test_a_new_set_s_scale_follows_the_labels(labels: str, mapping: str, scale: str | None) -> None:
    text, made, counts = mapped(labels)
    assert text == mapping
    names = [grade.name.replace(" ", "-") for grade in scale_for(made, counts)]
    usual = [grade.name for grade in DEFAULT_SCALE]
    assert names == (usual if scale is None else scale.split())
    assert read_map(text).steps == made.steps  # as it is shown, it can be given back


@pytest.mark.parametrize(
    ("labels", "mapping", "note"),
    [
        ("0 1", "0=0, 1=1, 2=2, 3=3", "change the mapping to 0=0, 1=3"),
        ("0 7 1", "0=0, 1=1, 2=2, 3=3", "beyond the scale"),
        ("0 10 100 1 " * 5, "0=0, 1=1, 2=2, 3=3", "for example to 0=0, 1=1, 10=2, 100=3"),
        ("0 1.5 50", "0..0.5=0, 0.5..1.5=1, 1.5..2.5=2, 2.5..3=3", "beyond the scale"),
        ("relevant irrelevant", "relevant=3, irrelevant=0", "Grades were read as"),
    ],
)
def test_labels_for_a_set_keep_its_scale(labels: str, mapping: str, note: str) -> None:
    text, made, _ = mapped(labels, {0, 1, 2, 3})
    assert text == mapping
    assert note in " ".join(made.notes)


def test_esci_into_a_set_of_two_grades() -> None:
    assert mapped("e s c i", {0, 1})[0] == "e=1, s=1, c=0, i=0"


def test_a_single_typing_error_does_not_stretch_the_scale() -> None:
    text, made, counts = mapped("0 1 2 3 2 1 7")
    assert text == "0=0, 1=1, 2=2, 3=3"
    assert made.grade("7") is None
    assert "7 was taken for a typing error" in made.notes[0]
    assert scale_for(made, counts) == DEFAULT_SCALE


def test_of_two_ranges_with_one_border_the_later_counts() -> None:
    made = read_map("0..0.5=0; 0.5..1=1, E = 1,x=y=2")
    assert [made.grade(label) for label in ("0", "0.5", "1", "e", "x=y", "1.01", "f")] == [
        0, 1, 1, 1, 2, None, None,
    ]  # fmt: skip
    assert scale_for(read_map("0..1=0, 1..2=1"), Counter({"1": 1})) == BINARY_SCALE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"), ("E", "no entry of a mapping"), ("E=x", "no entry"), ("=3", "no entry"),
        ("E=10", "0 to 9"), ("E=1, e=2", "twice"), ("2..1=3", "ends before"), ("E=-1", "no entry"),
    ],
)  # fmt: skip
def test_a_mapping_that_can_not_be_read_is_said(text: str, problem: str) -> None:
    with pytest.raises(JudgmentError, match=problem):
        read_map(text)
