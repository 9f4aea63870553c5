"""What ships with the demo and is damaged hides nothing that is measured here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.app.demo_measures import BEFORE_AFTER
from core.app.studio import Studio
from core.settings import load_settings


def test_a_damaged_shipped_report_leaves_the_own_measurement(
    demo_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    demo = shutil.copytree(demo_data.parent, tmp_path / "demo")
    shutil.rmtree(demo / "data" / "reports", ignore_errors=True)
    damaged = tmp_path / "ablation.json"
    damaged.write_text("{")
    monkeypatch.setattr("core.catalog.demo.ablation_path", lambda: damaged)
    studio = Studio(load_settings(data_dir=demo / "data", cache_dir=demo / "cache"))
    studio.demo_measures.measure()
    assert studio.evaluation.latest("demo", BEFORE_AFTER) is not None
