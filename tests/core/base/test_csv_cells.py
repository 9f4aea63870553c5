"""Cells of CSV files are never run by a spreadsheet."""

from __future__ import annotations

import pytest

from core.base.csv_cells import cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'"])
def test_what_a_spreadsheet_would_run_is_text(start: str) -> None:
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize(("value", "shown"), [("chair", "chair"), (3, 3), (None, ""), (0.1, "0.1")])
def test_other_cells_stay_as_they_are(value: object, shown: object) -> None:
    assert cell(value) == shown
