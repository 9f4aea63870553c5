"""Annotators that look like robots are named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.domain import EventKind, JudgmentEvent
from core.judging.watch import annotator_reports


def labels(who: str, seconds: float, grades: list[int]) -> list[JudgmentEvent]:
    return [
        JudgmentEvent(
            f"{who}-{number}", EventKind.GRADE, "set", "q", f"item-{number}", who, grade, "",
            datetime.now(UTC), seconds,
        )
        for number, grade in enumerate(grades)
    ]  # fmt: skip


VARIED = [0, 1, 2, 3] * 6


@pytest.mark.parametrize(
    ("seconds", "concern"), [(0.3, "Very fast"), (1.0, "Much faster than the others"), (3.0, "")]
)
def test_who_is_too_fast_to_have_looked_is_named(seconds: float, concern: str) -> None:
    reports = annotator_reports(labels("ada", 4.0, VARIED) + labels("bob", seconds, VARIED))
    (bob,) = (report for report in reports if report.name == "bob")
    assert bob.concerns == () if not concern else bob.concerns[0].startswith(concern)


def test_who_always_gives_one_grade_is_named() -> None:
    reports = annotator_reports(labels("ada", 4.0, VARIED) + labels("bob", 4.0, [2] * 24))
    concerns = {report.name: report.concerns for report in reports}
    assert concerns["ada"] == ()
    assert concerns["bob"][0].startswith("Nearly always the same grade")
