"""Pairs that people disagree on, as an adjudicator sees them."""

from __future__ import annotations

from core.domain import EventKind
from core.judging.disagreement import Disagreement, disagreements
from tests.core.judging.desks import event


def test_open_cases_come_first_and_of_them_the_widest_spread() -> None:
    grades = {"a": (0, 3), "b": (1, 2), "c": (2, 2), "d": (0, 3), "e": (3, 1), "f": (1,)}
    events = [
        event(n, who, item, grade, event_id=f"{item}{who}")
        for item, given in grades.items()
        for n, (who, grade) in enumerate(zip(("ada", "bob"), given, strict=False))
    ]
    other = [event(1, "ada", "z", 0, query_id="p"), event(2, "bob", "z", 3, query_id="p")]
    decided = {("q", item): event(9, "lea", item) for item in "af"}
    cases = disagreements([*events, *other], decided)
    assert [(case.query_id, case.item_id, case.spread) for case in cases] == [
        ("p", "z", 3), ("q", "d", 3), ("q", "e", 2), ("q", "b", 1), ("q", "a", 3), ("q", "f", 0),
    ]  # fmt: skip
    assert [case.decision for case in cases] == [None] * 4 + [decided["q", "a"], decided["q", "f"]]


def test_a_pair_that_somebody_cannot_tell_or_flagged_is_a_case() -> None:
    unsure = event(1, "ada", "a", None, kind=EventKind.UNSURE, note="query is unclear")
    flag = event(2, "bob", "b", None, kind=EventKind.FLAG, note="wrong photo")
    skipped = event(3, "cyd", "c", None, kind=EventKind.SKIP)
    cases = disagreements([unsure, event(4, "bob", "d", 2), skipped], {}, [flag])
    assert cases == (
        Disagreement("q", "a", (unsure,), 0), Disagreement("q", "b", (), 0, None, (flag,)),
    )  # fmt: skip


def test_a_label_without_a_grade_is_shown_and_widens_no_spread() -> None:
    sure, unsure = event(1, "ada", "a", 2), event(2, "bob", "a", None, kind=EventKind.UNSURE)
    skipped = event(3, "cyd", "a", None, kind=EventKind.SKIP)
    assert disagreements([sure, unsure, skipped], {}) == (
        Disagreement("q", "a", (sure, unsure), 0),
    )
    other = event(4, "dan", "a", 0)
    (case,) = disagreements([sure, unsure, skipped, other], {})
    assert case == Disagreement("q", "a", (sure, unsure, other), 2)
    decision = event(5, "lea", "a", 1, kind=EventKind.ADJUDICATE)
    (case,) = disagreements([unsure], {("q", "a"): decision})
    assert case == Disagreement("q", "a", (unsure,), 0, decision)
