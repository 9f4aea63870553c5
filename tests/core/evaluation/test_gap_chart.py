"""Differences lie on one scale around zero, proven ones are marked."""

from __future__ import annotations

import pytest

from core.domain import PairedTest, Score
from core.evaluation.gap_chart import Measured, differences


def paired(value: float, low: float | None, high: float | None, p: float) -> PairedTest:
    return PairedTest("mrr", "clip", "vl-clip", Score(value, low, high), p, p)


def test_all_rows_share_a_scale_that_includes_zero() -> None:
    drawn = differences((
        Measured("All", 50, 0.3, 0.4, paired(0.1, 0.05, 0.3, 0.001)),
        Measured("Some", 9, 0.5, 0.4, paired(-0.1, -0.1, 0.0, 0.01)),
        Measured("Few", 3, 0.5, 0.55, paired(0.05, None, None, 0.6)),
    ))  # fmt: skip
    assert drawn.zero == pytest.approx(25)
    assert [row.tone for row in drawn.rows] == ["up", "down", "equal"]
    assert [row.gain for row in drawn.rows] == ["+0.10", "−0.10", "+0.05"]
    assert drawn.rows[0].text == "0.30 → 0.40"
    places = [(row.left, row.at, row.left + row.width) for row in drawn.rows]
    assert places[0] == pytest.approx((37.5, 50, 100))
    assert places[1] == pytest.approx((0, 0, 25))
    assert places[2] == pytest.approx((37.5, 37.5, 37.5))


def test_what_was_not_tested_is_not_proven() -> None:
    (row,) = differences((Measured("All", 5, 0.2, 0.4, None),)).rows
    assert (row.tone, row.gain, row.at) == ("equal", "+0.20", 100)
    (row,) = differences((Measured("All", 5, 0.2, 0.2, None),)).rows
    assert row.at == 0


def test_nothing_compared_is_an_empty_chart() -> None:
    assert differences(()).rows == ()
