"""The bar of the commands: n of N and the time left, also where the output is a log."""

from __future__ import annotations

import pytest

from core.cli import bar
from core.domain import Progress


def test_a_log_gets_n_of_n_and_the_time_left_from_the_first_report(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(bar.time, "monotonic", lambda: clock[0])
    with bar.ProgressBar() as shown:
        shown.show(Progress("reading", 0, 200, seconds_left=95.0))
        first = capfd.readouterr().err
        for done in range(1, 50):
            shown.show(Progress("reading", done, 200, seconds_left=60.0))
        soon = capfd.readouterr().err
        clock[0] += bar.LINE_SECONDS
        shown.show(Progress("reading", 120, 200, seconds_left=20.0))
        later = capfd.readouterr().err
    assert "0/200" in first
    assert "about 2 minutes left" in first
    assert soon == ""  # a log is not filled
    assert "120/200" in later
    assert "about 20 seconds left" in later


def test_an_unknown_total_is_no_total(capfd: pytest.CaptureFixture[str]) -> None:
    with bar.ProgressBar() as shown:
        shown.show(Progress("reading", 7, 0))
    assert "7 items" in capfd.readouterr().err
