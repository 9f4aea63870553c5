from __future__ import annotations

import pytest

from core.catalog.text import clean, without_markup


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("  Red \t chair \n", "Red chair"),
        ("Cafe\u0301", "Café"),
        ("a\x00b\x1b[31m\x07", "a b [31m"),
        ("in\u202evisible\u200b", "invisible"),
        ("half \ud800 pair", "half pair"),
        ("👩‍👧 emoji", "👩‍👧 emoji"),
        (None, ""),
        (float("nan"), ""),
        (float("inf"), ""),
        ("nan", ""),
        (" NaN ", ""),
        ("NAN infant formula", "NAN infant formula"),
        (1001.0, "1001"),
        (3.5, "3.5"),
        (7, "7"),
        (["red", None, "blue"], "red, blue"),
        ({"a": 1}, ""),
        (b"bytes", ""),
    ],
)
def test_clean(value, expected):
    assert clean(value, 100) == expected


def test_long_text_is_cut():
    assert clean("x" * 10**6, 500) == "x" * 500
    assert clean("word " * 10, 10) == "word word"


def test_line_breaks_stay_in_long_text():
    assert clean("a\r\nb\r\n\r\n\r\n c", 100, multiline=True) == "a\nb\n\nc"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Fish &amp; Chips <b>Bowl</b>", "Fish & Chips Bowl"),
        ("L&#39;Or tasse caf&eacute;", "L'Or tasse café"),
        ("Cup &amp;amp; saucer<br/>blue", "Cup & saucer blue"),
        ("Mini PC (<= 3L) < 20 W", "Mini PC (<= 3L) < 20 W"),
        ("plain", "plain"),
    ],
)
def test_titles_hold_no_markup(text, shown):
    assert without_markup(text) == shown
