"""Several people's grades become one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.domain import EventKind, JudgmentEvent
from core.judging.aggregation import aggregate


@pytest.mark.parametrize(
    ("grades", "whole"), [((2, 3), 2), ((0, 1), 0), ((1, 1, 2), 1), ((1, 2, 2), 2), ((3,), 3)]
)
def test_a_mean_is_rounded_to_the_nearer_grade_and_a_half_to_the_lower(grades, whole):
    events = [
        JudgmentEvent(
            str(number), EventKind.GRADE, "set", "q", "item", f"person-{number}", grade, "",
            datetime.now(UTC), 1.0,
        )
        for number, grade in enumerate(grades)
    ]  # fmt: skip
    assert aggregate(events, "mean") == {("q", "item"): whole}
