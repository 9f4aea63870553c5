"""The table of docs/scale.md is what its formula gives for rates that were measured."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scale() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scale_table", ROOT / "scripts/scale_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks there
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_table_of_now(scale: ModuleType) -> None:
    text = scale.PAGE.read_text("utf-8")
    assert scale.page(text) == text, "run `python scripts/scale_table.py`"
    assert scale.page(text.replace("1 million", "2 million")) == text


def test_each_rate_was_measured() -> None:
    text = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    rates = tomllib.loads((ROOT / "benchmarks" / "scale.toml").read_text("utf-8"))
    assert [name for name, rate in rates.items() if rate["run"] not in text] == []


def test_a_worked_example(scale: ModuleType) -> None:
    rate = {
        "reading_rows_per_second": 1000, "plain_photo_seconds": 0.36, "table_bytes": 4000,
        "cluttered_photo_seconds": 3.6, "index_seconds_per_1000000": 36_000,
        "picture_bytes": 50_000, "vector_bytes": 6000,
    }  # fmt: skip
    plan = scale.plan(1_000_000, rate)
    assert plan.read_hours == pytest.approx(1000 / 3600)
    assert plan.plain_hours == pytest.approx(100)
    assert plan.cluttered_hours == pytest.approx(1000)
    assert plan.index_hours == pytest.approx(10)
    assert plan.picture_gb == pytest.approx(50)
    assert plan.table_gb == pytest.approx(16)
