"""Per cent and signs, as people read them."""

from __future__ import annotations

from core.base.percentages import (
    change,
    entered_change,
    entered_percent,
    number,
    percent,
    signed,
)


def test_a_share_keeps_its_sign_on_its_line() -> None:
    assert percent(0.954) == "95\u00a0%"
    assert percent(0.985, 1) == "98.5\u00a0%"


def test_a_change_has_a_sign_of_its_own_length() -> None:
    assert change(0.015) == "+1.5\u00a0%"
    assert change(-0.015) == "\u22121.5\u00a0%"
    assert change(12.0, 0) == "+1,200\u00a0%"


def test_a_share_that_was_entered_keeps_its_figures() -> None:
    assert (entered_percent(1 - 0.99), entered_percent(0.0025)) == ("1\u00a0%", "0.25\u00a0%")
    assert (entered_change(0.02), entered_change(-0.005)) == ("+2\u00a0%", "\u22120.5\u00a0%")


def test_a_difference_is_signed() -> None:
    assert signed(-0.0123, 3) == "\u22120.012"
    assert signed(0.5, 2) == "+0.50"
    assert (number(-0.2, 2), number(1234.5, 1)) == ("\u22120.20", "1,234.5")


def test_a_figure_that_is_not_known_is_a_dash() -> None:
    assert (percent(None), change(None)) == ("–", "–")
