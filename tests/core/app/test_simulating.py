"""Simulated visitors never meet real ones, and simulations are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.app.simulating import last_week
from core.app.studio import Studio
from core.errors import ExperimentError
from core.experiments.behaviour_events import Event
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus, Variant
from tests import whole
from tests.core.app.judged import QUERIES, graded

PAIR = tuple(Variant(engine, engine) for engine in whole.ENGINES)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return graded(tmp_path_factory.mktemp("simulating") / "data")


def made(studio: Studio, name: str, **more: object) -> Experiment:
    experiment = Experiment(
        studio.experiments.store.free_id(name), name, whole.NAME, variants=PAIR, salt=name
    )
    return studio.experiments.create(replace(experiment, **more))  # type: ignore[arg-type]


def real(experiment_id: str) -> Event:
    now = datetime.now(UTC)
    return Event("e1", now, "visit", "u1", experiment=experiment_id, variant="clip")


def test_a_simulated_week_is_stored_marked_and_said(studio: Studio) -> None:
    experiment = made(studio, "week")
    count = studio.simulating.run(experiment.id, last_week(400))
    stored = studio.experiments.get(experiment.id)
    assert stored.simulated
    assert stored.status is ExperimentStatus.STOPPED
    assert studio.experiments.log.count(experiment.id) == count > 1000
    result = studio.experiments.analyze(experiment.id)
    assert sum(result.units.values()) == 400
    assert result.decision.startswith("Its visitors were simulated")
    assert stored.started is not None
    assert stored.ended is not None
    assert 6 < (stored.ended - stored.started).days + 1 <= 8


def test_real_visitors_never_come_to_a_simulated_experiment(studio: Studio, tmp_path: Path) -> None:
    experiment = made(studio, "apart")
    studio.simulating.run(experiment.id, last_week(50))
    count = studio.experiments.log.count(experiment.id)
    for act in (
        lambda: studio.experiments.start(experiment.id),
        lambda: studio.experiments.record([real(experiment.id)]),
        lambda: studio.experiments.import_log([tmp_path / "log.csv"], experiment.id),
        lambda: studio.simulating.run(experiment.id, last_week(50)),
    ):
        with pytest.raises(ExperimentError, match=r"were simulated|has a simulated week"):
            act()
    rows = [
        {"event_id": f"r{n}", "time": "2026-03-01T12:00:00Z", "kind": "click", "unit": f"u{n}",
         "experiment": name, "variant": "clip", "item_id": "i-0"}
        for n, name in enumerate((experiment.id, experiment.id, ""))
    ]  # fmt: skip
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    report = studio.experiments.import_log([tmp_path / "log.jsonl"])
    assert [(r.rows, r.reason) for r in report.left_out] == [
        (2, "its experiment's visitors were simulated")
    ]
    assert studio.experiments.log.count(experiment.id) == count


def test_simulated_visitors_never_come_to_real_ones(studio: Studio) -> None:
    experiment = made(studio, "real")
    studio.experiments.record([real(experiment.id)])
    with pytest.raises(ExperimentError, match="has events of real visitors"):
        studio.simulating.run(experiment.id, last_week(50))
    running = studio.experiments.start(made(studio, "running").id)
    with pytest.raises(ExperimentError, match="real visitors may come"):
        studio.simulating.run(running.id, last_week(50))
    assert not studio.experiments.get(experiment.id).simulated


def test_without_engines_or_participants_nothing_is_simulated(studio: Studio) -> None:
    with pytest.raises(ExperimentError, match="need an engine"):
        studio.simulating.run(made(studio, "own engines", variants=(Variant("a"), Variant("b"))).id)
    with pytest.raises(ExperimentError, match="took part"):
        studio.simulating.run(made(studio, "nobody", traffic=0.0).id, last_week(20))


def test_an_example_is_computed_once_for_one_content(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = last_week(300)
    first = studio.simulating.example(ExperimentKind.INTERLEAVING, whole.NAME, visits)
    assert first.result.decision.startswith("Its visitors were simulated")
    assert sorted((row.query for row in first.queries), reverse=True) == list(QUERIES)

    def refused(*_: object, **more: object) -> None:
        raise AssertionError("it was computed again")

    monkeypatch.setattr(studio.simulating, "_frame", refused)
    assert studio.simulating.example(ExperimentKind.INTERLEAVING, whole.NAME, visits) is first
    with pytest.raises(AssertionError):
        studio.simulating.example(ExperimentKind.AB, whole.NAME, visits)


def test_lists_are_searched_once_for_one_state_of_the_vectors(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = studio.markets.of(whole.ENGINES, whole.NAME)
    searcher = studio._library.get(whole.NAME).searcher
    monkeypatch.setattr(searcher, "search", None)
    assert studio.markets.of(whole.ENGINES, whole.NAME) == first
