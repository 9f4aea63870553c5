"""Costs that Home shows are those of a run that benchmarks/README.md tells."""

from __future__ import annotations

import re
import tomllib

from core.app.measured_costs import FILE, read_costs
from core.app.studio import Studio
from core.settings import SHIPPED, load_settings


def test_each_figure_stands_in_the_benchmarks_with_its_run() -> None:
    table = tomllib.loads((SHIPPED / FILE).read_text("utf-8"))
    runs = " ".join((SHIPPED.parent / "benchmarks" / "README.md").read_text("utf-8").split())
    figures = {name: entry for name, entry in table.items() if isinstance(entry, dict)}
    assert len(figures) == 5
    for name, entry in figures.items():
        assert entry["run"] in runs, name
        assert entry["value"] == float(re.search(r"\d+(\.\d+)?", entry["run"])[0]), name
    assert read_costs(SHIPPED / FILE).plain_photo_seconds == table["plain_photo_seconds"]["value"]


def test_costs_are_those_of_the_models_in_use() -> None:
    assert Studio(load_settings(profile="full")).costs() is None
    costs = Studio(load_settings(profile="compact")).costs()
    assert costs is not None
    assert costs.memory_gb < costs.memory_in_use_gb
