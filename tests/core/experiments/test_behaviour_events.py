from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import ExperimentError
from core.experiments.behaviour_events import FIELDS, SCHEMA, BehaviourKind, event_of

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CLICK = {"event_id": "e", "time": "2026-03-01T12:00:00Z", "kind": "click", "unit": "u"}


def test_an_event_is_read_and_its_table_has_its_fields():
    event = event_of({**CLICK, "position": 3, "currency": "eur", "amount": 5}, NOW)
    assert (event.kind, event.position, event.currency) == (BehaviourKind.CLICK, 3, "EUR")
    assert event.time == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert set(FIELDS) == set(SCHEMA.names)


@pytest.mark.parametrize("time", [1772366400, 1772366400000, 1772366400000000, "1772366400"])
def test_times_are_read_in_several_units(time: object):
    assert event_of({**CLICK, "time": time}, NOW).time == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "wish"}, "no kind of event"),
        ({"unit": ""}, "needs “unit”"),
        ({"event_id": None}, "needs “event_id”"),
        ({"time": "soon"}, "no time"),
        ({"time": float("nan")}, "no time"),
        ({"time": "2026-03-09"}, "past years"),
        ({"time": 12}, "past years"),
        ({"amount": float("inf")}, "sum of money"),
        ({"amount": "5"}, "a number"),
        ({"amount": True}, "a number"),
        ({"position": 0}, "from 1"),
        ({"position": 1.5}, "whole number"),
        ({"currency": "euros"}, "three letters"),
        ({"unit": "x" * 201}, "200 characters"),
        ({"unit": "a\0b"}, "no text"),
        ({"unit": "\ud800"}, "no text"),
        ({"unit": ["u"]}, "is a text"),
        ({"colour": "red"}, "no field “colour”"),
    ],
)
def test_a_faulty_event_is_refused_by_field(change: dict[str, Any], word: str):
    with pytest.raises(ExperimentError, match=word):
        event_of({**CLICK, **change}, NOW)


def test_a_long_query_is_cut():
    assert event_of({**CLICK, "query": "red\n chair " * 99}, NOW).query.startswith("red chair red")
    with pytest.raises(ExperimentError, match="object"):
        event_of(["no"], NOW)  # type: ignore[arg-type]
