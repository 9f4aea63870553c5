"""Results are computed one at a time, and kept while the log stays as it is."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core.app.experiment_results import ExperimentResults, shows_lifts
from core.app.experimenting import ExperimentService
from core.experiments.experiment_result import Result
from core.experiments.model import ExperimentStatus
from tests.core.experiments.made_logs import AB, log


@pytest.fixture
def service(tmp_path: Path) -> ExperimentService:
    made = ExperimentService(tmp_path)
    made.create(AB)
    made.log.append_rows(rows())
    return made


def rows(seed: int = 0):  # type: ignore[no-untyped-def]
    import pyarrow as pa

    from core.experiments.behaviour_events import SCHEMA

    table = log(200, seed=seed)
    missing = [name for name in SCHEMA.names if name not in table.schema.names]
    for name in missing:
        kind = SCHEMA.field(name).type
        empty = pa.array([""] * len(table), kind) if pa.types.is_string(kind) else None
        table = table.append_column(name, empty or pa.nulls(len(table), kind))
    columns = [table[name].fill_null("") if pa.types.is_string(SCHEMA.field(name).type)
               else table[name] for name in SCHEMA.names]  # fmt: skip
    return pa.Table.from_arrays(columns, names=SCHEMA.names).cast(SCHEMA)


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


def test_lifts_of_a_running_experiment_are_read_only_if_they_hold_at_any_look() -> None:
    running = replace(AB, status=ExperimentStatus.RUNNING)
    assert not shows_lifts(running)
    assert shows_lifts(replace(running, sequential=True))
    assert shows_lifts(replace(AB, status=ExperimentStatus.STOPPED))
