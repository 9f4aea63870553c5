"""Ablation and transfer, end to end over a real store; only the models are small."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.app import trials
from core.app.evaluating import EvaluationService
from core.app.library import Library
from core.app.tasks import TaskService
from core.app.trials import TrialService, _left_out, _without
from core.domain import Progress, Towers
from core.embedding.text_tower import TextTower
from core.embedding.tower_files import TowerConfig
from core.errors import EvaluationError, EvaluationStopped, TrainingError
from core.evaluation.departments import parts_of
from core.pipeline.indexer import run_index
from core.settings import Settings
from tests.core.pipeline.small import bench, rows_of, write_catalog
from tests.core.training.test_text_trainer import SETTINGS, make_tower, pairs

__all__ = ["pairs"]

ENGINES = ("clip", "vl-clip")
OPTIONS = replace(SETTINGS, epochs=1, batch=32)


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """120 items in two departments, and a text tower of the stand-ins' length."""
    root: Path = tmp_path_factory.mktemp("trials")
    settings = Settings(data_dir=root / "data", threads=1)
    source = write_catalog(root / "source", 120)
    library, small = Library(settings), bench()
    for model in small.models.engines:  # an adapter is trained after compact towers only
        model.engine = replace(model.engine, towers={"compact": Towers("compact", "stand-in")})
    catalog = library.create("shop")
    run_index(catalog.store, catalog.images, small.models, rows_of(source, catalog.images))
    tower = make_tower()
    TextTower(tower.backbone, tower.tokenizer, TowerConfig(dim=32, max_tokens=8)).save(
        root / "tower"
    )
    models = {model.name: model for model in small.models.engines}
    weights = SimpleNamespace(path=lambda role: root / "tower")
    room = SimpleNamespace(engine=models.__getitem__, weights=weights)
    evaluation = EvaluationService(library, room, settings)  # type: ignore[arg-type]
    return SimpleNamespace(
        tasks=TaskService(library, settings, evaluation, lambda: None),  # type: ignore[arg-type,return-value]
        verbs=TrialService(library, room, settings),  # type: ignore[arg-type]
        trials=settings.data_dir / "engines" / ".trials",
    )


def test_every_combination_is_measured_as_it_is_and_fine_tuned(bed: SimpleNamespace) -> None:
    said: list[str] = []
    report = bed.verbs.ablation(ENGINES, "shop", options=OPTIONS, say=said.append)
    cells = ("photo-title", "crop-title", "photo-rewrite", "crop-rewrite")
    assert report.names() == (*cells, *(f"{cell}-tuned" for cell in cells))
    assert {(test.first, test.second) for test in report.tests} == {
        *(("photo-title", cell) for cell in cells[1:]),
        *(("photo-title-tuned", f"{cell}-tuned") for cell in cells[1:]),
        *((cell, f"{cell}-tuned") for cell in cells),
    }
    assert 10 < report.queries < 40, "the held-out part alone"
    assert len([line for line in said if line.startswith("fine-tuning on")]) == 4
    assert not list(bed.trials.glob("[!.]*")), "no engine and no state is left behind"


def test_a_stopped_trial_goes_on_where_it_was(bed: SimpleNamespace) -> None:
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if progress.done == 7:  # the first step of the third of four; each has three
            raise EvaluationStopped

    with pytest.raises(EvaluationStopped, match="kept"):
        bed.verbs.ablation(ENGINES, "shop", options=OPTIONS, on_progress=stop)
    assert seen[-1].done == 7 < seen[-1].total
    assert seen[-1].message.startswith("3 of 4, fine-tuning on photo and rewrite")
    said: list[str] = []
    bed.verbs.ablation(ENGINES, "shop", options=OPTIONS, say=said.append)
    assert said.index("going on after epoch 0 and 1 steps") == 3, "two were done, the third begun"
    with bed.verbs._alone(), pytest.raises(TrainingError, match="running already"):
        bed.verbs.transfer(ENGINES, "shop")


def test_each_department_is_measured_by_a_model_that_never_saw_it(bed: SimpleNamespace) -> None:
    report = bed.verbs.transfer(ENGINES, "shop", options=OPTIONS)
    assert report.queries == report.items == 120
    assert {part.name: part.queries for part in report.slices if part.kind == "left out"} == {
        "garden": 40,
        "home": 80,
    }
    assert all(part.tests for part in report.slices if part.kind == "left out")


def test_product_types_are_left_out_by_parts(bed: SimpleNamespace) -> None:
    items = {i: r.item for i, r in bed.verbs._library.get("shop").store.items.records().items()}
    items = {
        item_id: replace(item, product_type=f"Type {number % 12}")
        for number, (item_id, item) in enumerate(sorted(items.items()) * 2)
    }
    with pytest.raises(TrainingError, match="product types that can be divided into 5 parts"):
        bed.verbs.transfer(ENGINES, "shop", options=OPTIONS, task="transfer-types")
    many = {f"{n}-{item_id}": item for n in range(2) for item_id, item in items.items()}
    parts = parts_of(many, "transfer-types")
    assert parts.keys() == many.keys()
    assert len(set(parts.values())) == 5
    of_type = {(many[item_id].product_type, part) for item_id, part in parts.items()}
    assert len(of_type) == 12, "no type is on both sides"


def test_types_left_out_are_measured_by_models_that_never_saw_them(
    bed: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = {str(n): f"types {n % 2 + 1} of 2" for n in range(200)}
    monkeypatch.setattr(
        trials, "parts_of", lambda items, task: {i: halves[str(int(i[-3:]))] for i in items}
    )
    report = bed.verbs.transfer(ENGINES, "shop", options=OPTIONS, task="transfer-types")
    assert (report.task, report.queries) == ("transfer-types", 120)
    parts = {part.name: part.queries for part in report.slices if part.kind == "left out"}
    assert parts == {"types 1 of 2": 60, "types 2 of 2": 60}
    assert "product types" in report.engines[1].title


def test_a_family_that_touches_what_is_left_out_does_not_train(pairs) -> None:
    groups = np.array([f"g{n // 2}" for n in range(len(pairs))])
    joined = replace(pairs, groups=groups, splits=np.full(len(pairs), "train"))
    kept = _without(joined, {"0"})
    assert list(kept.splits[:3]) == ["test", "test", "train"]


def test_the_list_of_tasks_says_what_can_be_run_and_for_how_long(bed: SimpleNamespace) -> None:
    tasks = {task.name: task for task in bed.tasks.all("shop")}
    assert list(tasks)[-2:] == ["transfer", "transfer-types"]
    assert tasks["transfer"].available
    assert "fine-tunes 2 times: about 1 minute on" in tasks["transfer"].explanation
    ran: list[str] = []
    bed.tasks._trials = lambda: SimpleNamespace(
        ablation=lambda *given, **named: ran.append("ablation"),
        transfer=lambda *given, **named: ran.append("transfer"),
    )
    for name in ("ablation-tuned", "transfer"):
        bed.tasks.run(name, ENGINES, "shop")
    assert ran == ["ablation", "transfer"]
    assert bed.tasks.run("same-type", ENGINES, "shop").task == "same-type"


def test_what_is_missing_is_a_sentence(bed: SimpleNamespace) -> None:
    with pytest.raises(EvaluationError, match="such as clip and vl-clip"):
        bed.verbs.ablation(["vl-clip"], "shop")
    item = SimpleNamespace(department="home")
    own = SimpleNamespace(items={"a": item}, qrels={"a": {"a": 1}})
    with pytest.raises(TrainingError, match="two departments"):
        _left_out(own, {}, SimpleNamespace(name="shop"), "transfer")  # type: ignore[arg-type]
