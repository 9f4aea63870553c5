"""Results are computed one at a time, and kept while the log stays as it is."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from core.app.experiment_results import ExperimentResults, shows_lifts
from core.app.experimenting import ExperimentService
from core.experiments.behaviour_events import SCHEMA
from core.experiments.experiment_result import Result
from core.experiments.model import ExperimentStatus
from tests.core.experiments.made_logs import AB, log


@pytest.fixture
def service(tmp_path: Path) -> ExperimentService:
    made = ExperimentService(tmp_path)
    made.create(AB)
    made.log.append_rows(rows())
    return made


def rows(seed: int = 0, table: pa.Table | None = None) -> pa.Table:
    """Return a made log with all columns of the log of events."""
    made = log(200, seed=seed) if table is None else table
    columns = []
    for field in SCHEMA:
        column = pa.nulls(len(made), field.type)
        if field.name in made.schema.names:
            column = made[field.name].cast(field.type)
        columns.append(column.fill_null("") if pa.types.is_string(field.type) else column)
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def test_many_readers_cost_one_computation(
    service: ExperimentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = []
    analyze = service.analyze

    def counted(experiment_id: str = "", **changes: object) -> Result:
        computed.append(experiment_id)
        return analyze(experiment_id, **changes)

    monkeypatch.setattr(service, "analyze", counted)
    results = ExperimentResults(service)
    threads = [threading.Thread(target=results.of, args=("ab",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert computed == ["ab"]
    assert results.of("ab").result.units == analyze("ab").units
    service.store.change("ab", lambda e: replace(e, cap=0.9))
    results.of("ab")
    assert computed == ["ab", "ab"]


def test_new_events_are_seen_after_a_rest(
    service: ExperimentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = ExperimentResults(service)
    before = results.traffic()["ab"].events
    service.log.append_rows(rows(1))
    assert results.traffic()["ab"].events == before  # kept: it was computed just now
    monkeypatch.setattr("core.app.experiment_results._REST", 0.0)
    fresh = ExperimentResults(service)
    assert fresh.traffic()["ab"].events > before
    service.log.append_rows(rows(2))
    assert fresh.traffic()["ab"].events > before + 1


def test_the_list_of_experiments_does_not_wait_for_a_result(
    service: ExperimentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, end = threading.Event(), threading.Event()
    analyze = service.analyze

    def slow(experiment_id: str = "", **changes: object) -> Result:
        begun.set()
        assert end.wait(60)
        return analyze(experiment_id, **changes)

    monkeypatch.setattr(service, "analyze", slow)
    results = ExperimentResults(service)
    reader = threading.Thread(target=results.of, args=("ab",))
    listed = threading.Thread(target=results.traffic)
    reader.start()
    assert begun.wait(60)
    listed.start()
    listed.join(120)
    waited = listed.is_alive()
    end.set()
    reader.join()
    listed.join()
    assert not waited


def test_lifts_of_a_running_experiment_are_read_only_if_they_hold_at_any_look() -> None:
    running = replace(AB, status=ExperimentStatus.RUNNING)
    assert not shows_lifts(running)
    assert shows_lifts(replace(running, sequential=True))
    assert shows_lifts(replace(AB, status=ExperimentStatus.STOPPED))
