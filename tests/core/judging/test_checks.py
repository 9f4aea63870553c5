"""Events and rules from outside: the last value that is taken, and the first that is not."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from core.domain import EventKind, Grade, Rules
from core.errors import JudgmentError
from core.judging.checks import check_name, check_rules, checked, clean
from tests.core.judging.desks import event

PAIRS, GRADES = {("q", "a")}, {0, 1, 9}


def refused_or_not(sentence: str):
    return pytest.raises(JudgmentError, match=sentence) if sentence else nullcontext()


def steps(*values: int) -> tuple[Grade, ...]:
    return tuple(Grade(value, "x") for value in values)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"scale": steps(0, 1)}, ""),
        ({"scale": steps(*range(10))}, ""),
        ({"scale": steps(0, 9)}, ""),
        ({"scale": steps(0)}, "2 to 10 different grades"),
        ({"scale": steps(*range(11))}, "2 to 10 different grades"),
        ({"scale": steps(1, 0)}, "the lowest first"),
        ({"scale": steps(1, 1, 2)}, "different grades"),
        ({"scale": steps(-1, 2)}, "a digit, 0 to 9"),
        ({"scale": steps(1, 10)}, "a digit, 0 to 9"),
        ({"scale": (Grade(0, "no"), Grade(1, " "))}, "Every grade needs a name"),
        ({"overlap": 100}, ""),
        ({"overlap": 101}, "0 \\(everybody\\) to 100"),
        ({"overlap": -1}, "0 \\(everybody\\) to 100"),
        ({"repeats": 0.5}, ""),
        ({"repeats": 0.51}, "At most half"),
        ({"repeats": -0.01}, "At most half"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules, sentence):
    with refused_or_not(sentence):
        check_rules(Rules(**rules))


def later(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"grade": 0}, ""),
        ({"grade": 9}, ""),
        ({"grade": 5}, "A grade is one of 0, 1, 9"),
        ({"grade": -1}, "A grade is one of"),
        ({"kind": EventKind.ADJUDICATE, "grade": None}, "A grade is one of"),
        ({"kind": EventKind.SKIP, "grade": None}, ""),
        ({"kind": EventKind.SKIP, "grade": 1}, "Only a grade carries a grade"),
        ({"item_id": "b"}, "not in the judgment set"),
        ({"guidelines": 1_000_000}, ""),
        ({"guidelines": 1_000_001}, "guidelines"),
        ({"round": 1}, ""),
        ({"round": -1}, "hidden repeat"),
        ({"seconds": True}, "a number of seconds"),
        ({"seconds": "1"}, "a number of seconds"),
        ({"event_id": "x" * 64}, ""),
        ({"event_id": "x" * 65}, "at most 64 characters"),
        ({"event_id": "a\x00"}, "at most 64 characters"),
        ({"annotator": "x" * 200}, ""),
        ({"annotator": "x" * 201}, "An annotator's name has 1 to 200"),
        ({"at": datetime(1970, 1, 1, tzinfo=UTC)}, ""),
        ({"at": later(hours=23)}, ""),
        ({"at": later(hours=25)}, "between the year 1970 and today"),
        ({"at": datetime(9998, 12, 31, tzinfo=UTC)}, "between the year"),
        ({"at": datetime(9999, 1, 1, tzinfo=UTC)}, "between the year"),
        ({"at": datetime(2026, 1, 1)}, "time zone"),
    ],
)  # fmt: skip
def test_an_event_that_fits_no_column_is_refused(changes, sentence):
    with refused_or_not(sentence):
        sent = event(1, **changes)
        assert checked(sent, PAIRS, GRADES) == sent


def test_a_set_without_the_grade_nine_refuses_ten_though_it_may_list_it():
    with pytest.raises(JudgmentError):
        checked(event(1, grade=10), PAIRS, {0, 10})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [(0, 0.0), (0.5, 0.5), (86_400, 86_400.0), (86_400.5, 86_400.0), (90_000, 86_400.0), (-1, 0.0)],
)
def test_a_time_on_a_pair_lies_between_nothing_and_a_day(sent, kept):
    assert checked(event(1, seconds=sent), PAIRS, GRADES).seconds == kept


def test_texts_are_cleaned_and_cut_and_the_rest_stays():
    sent = event(1, note="a\x00b\n" + "n" * 3000, page="\x1b[3" + "p" * 50)
    kept = checked(sent, PAIRS, GRADES)
    assert kept.note == "ab\n" + "n" * 1997
    assert kept.page == "[3" + "p" * 38
    assert clean("tab\there\u202e") == "tab\there"


@pytest.mark.parametrize("name", ["a", "Zoë Ähm", "x" * 200])
def test_names_of_people_are_taken(name):
    check_name(name)


@pytest.mark.parametrize("name", [" a", "a ", "", " ", "a\u2066b", "a\tb".replace("\t", "\x0b")])
def test_names_with_blanks_around_or_control_characters_are_refused(name):
    with pytest.raises(JudgmentError, match="no spaces around it"):
        check_name(name)
