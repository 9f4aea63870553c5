"""The time that is left: expected, then measured."""

from __future__ import annotations

import pytest

from core.domain.job import Progress
from core.jobs.time_left import Stage, TimeLeft


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_later_stages_count(clock):
    left = TimeLeft([Stage("read", 10, 1.0), Stage("embed", 5, 4.0)], {}, clock)
    assert left.seconds(Progress("read", 0, 10)) == pytest.approx(30)
    assert left.seconds(Progress("embed", 0, 5)) == pytest.approx(20)
    assert left.seconds(Progress("embed", 5, 5)) == 0


def test_what_is_measured_takes_over(clock):
    left = TimeLeft([Stage("work", 100, 1.0)], {}, clock)
    left.seconds(Progress("work", 0, 100))
    for done in range(10, 60, 10):
        clock.now += 100
        seconds = left.seconds(Progress("work", done, 100))
    assert seconds == pytest.approx(50 * 10, rel=0.1)
    assert left.paces == {"work": pytest.approx(10)}


def test_loading_models_before_the_first_unit_is_no_pace(clock):
    left = TimeLeft([Stage("work", 100, 1.0)], {}, clock)
    left.seconds(Progress("work", 0, 100))
    clock.now += 500
    assert left.seconds(Progress("work", 1, 100)) == pytest.approx(99)
    clock.now += 1
    assert left.seconds(Progress("work", 2, 100)) == pytest.approx(98, rel=0.05)


def test_a_run_that_goes_on_in_the_middle_counts_from_there(clock):
    left = TimeLeft([Stage("work", 100, 1.0)], {}, clock)
    assert left.seconds(Progress("work", 90, 100)) == pytest.approx(10)
    for done in (91, 95):
        clock.now += 10
        seconds = left.seconds(Progress("work", done, 100))
    assert seconds == pytest.approx(5 * 2.3, rel=0.3)


def test_a_stage_that_nobody_planned(clock):
    left = TimeLeft([], {}, clock)
    assert left.seconds(Progress("extra", 0, 10)) is None
    for done in (1, 2, 3):
        clock.now += 2
        seconds = left.seconds(Progress("extra", done, 10))
    assert seconds == pytest.approx(14)
    assert left.seconds(Progress("other")) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"), (14, "about 10 seconds"), (100, "about 2 minutes"),
        (3600, "about 60 minutes"), (6000, "about 2 hours"), (36000, "about 10 hours"),
    ],
)  # fmt: skip
def test_words(seconds, words):
    assert Progress(seconds_left=seconds).time_left == f"{words} left"
    assert Progress().time_left == ""


def test_what_needed_no_work_leaves_no_pace():
    clock = iter(range(0, 100))
    left = TimeLeft([Stage("grounding", 10, 3.0)], {}, clock=lambda: next(clock))
    for done in range(0, 11, 2):
        left.seconds(Progress("grounding", done, 10, skipped=done))
    assert left.paces == {}
