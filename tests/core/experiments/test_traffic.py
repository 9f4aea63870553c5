"""What came in, counted by DuckDB from the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.experiments.behaviour_events import Event
from core.experiments.event_log import EventLog
from core.experiments.traffic import COLUMNS, Traffic, traffic_of

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_each_experiment_has_its_events_visitors_and_days(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    assert traffic_of(log.reader(None, COLUMNS)) == {}
    before = log.version
    log.append(
        [
            Event("1", START, "visit", "u1", experiment="a"),
            Event("2", START + timedelta(days=1.5), "click", "u1", experiment="a"),
            Event("3", START + timedelta(days=1), "click", "u2", experiment="a"),
            Event("4", START, "visit", "u1", experiment="b"),
            Event("5", START, "visit", "u3"),
        ]
    )
    assert log.version > before
    traffic = traffic_of(log.reader(None, COLUMNS))
    assert traffic["b"] == Traffic({"visit": 1}, 1, START, START)
    assert set(traffic) == {"a", "b"}
    a = traffic["a"]
    assert (a.kinds, a.visitors, a.events) == ({"click": 2, "visit": 1}, 2, 3)
    assert a.days == pytest.approx(1.5)
