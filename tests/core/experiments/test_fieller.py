"""Fieller's interval of a ratio."""

from __future__ import annotations

import pytest

from core.experiments.fieller import fieller


def test_the_worked_example():
    assert fieller(10, 1, 12, 1, 2) == pytest.approx(((120 - 960**0.5) / 96, (120 + 960**0.5) / 96))


@pytest.mark.parametrize(("other", "proven"), [(12.82, False), (12.84, True)])
def test_it_leaves_out_one_where_the_test_proves_a_difference(other: float, proven: bool):
    """The difference is proven if it is over 2 · √(1 + 1) = 2.828."""
    ends = fieller(10, 1, other, 1, 2)
    assert ends is not None
    assert (ends[0] > 1) is proven


def test_a_base_that_may_be_zero_has_no_interval():
    assert fieller(1.9, 1, 12, 1, 2) is None
