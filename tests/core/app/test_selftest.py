"""The self-test tells models that work from models that do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.app.models import ModelPool
from core.app.selftest import Check, SelfTest, as_json, as_text
from core.domain import FULL
from core.settings import load_settings
from core.weights import WeightStore
from tests.core.embedding.test_open_clip_encoder import write_checkpoint


@pytest.fixture(scope="module")
def selftest(tmp_path_factory: pytest.TempPathFactory, weights: WeightStore) -> SelfTest:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("selftest"))
    return SelfTest(ModelPool(settings), batches=(1,))


def test_the_compact_models_work_and_have_the_known_cosines(
    selftest: SelfTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as a user's models run; the other tests have one
    monkeypatch.setattr(SelfTest, "_grounder", lambda self: (True, []))  # slow, tested elsewhere
    checks: dict[str, Check] = {check.name: check for check in selftest.checks()}
    assert all(check.ok for check in checks.values()), checks
    assert "own text comes first for 4 of 4" in as_text(checks["engine vl-clip"])
    assert "known cosines 0.0" in as_text(checks["engine clip"])
    assert "became “" in as_text(checks["rewriter"])
    assert "weights text-tower" in checks
    assert "engine gcl" not in checks  # of another profile
    json.dumps(as_json(selftest.machine(), list(checks.values())))


def test_other_cosines_fail(selftest: SelfTest) -> None:
    engine = selftest._models.recipes["clip"]
    cosines = selftest._plan["known"]["compact:clip-vit-b-16"]
    assert selftest._engine(engine, cosines)[0]
    assert not selftest._engine(engine, [value + 0.05 for value in cosines])[0]


def test_an_untrained_checkpoint_does_not_pass_for_a_model(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine")
    settings = load_settings(
        data_dir=tmp_path, cache_dir=tmp_path / "cache", profile=FULL, device="cpu",
        vl_clip_checkpoint=tmp_path / "mine",
    )  # fmt: skip
    test = SelfTest(ModelPool(settings), batches=(1,))
    ok, lines = test._engine(test._models.recipes["vl-clip"], ())
    assert not ok
    assert any("untrained weights" in line for line in lines)
