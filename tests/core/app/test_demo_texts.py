"""What Home says of the demo's texts is what was recorded and measured."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

from core.app.demo_texts import FILE, read_demo_texts
from core.catalog import demo
from core.settings import SHIPPED

_README = Path(__file__).parents[3] / "benchmarks" / "README.md"


def test_the_figure_is_that_of_the_benchmark_and_the_report_that_which_ships() -> None:
    table = tomllib.loads((SHIPPED / FILE).read_text("utf-8"))
    run = table["rules_score"]["run"]
    assert run in _README.read_text("utf-8")
    assert str(table["rules_score"]["value"]) in run
    shipped = json.loads(demo.ablation_path().read_text("utf-8"))
    texts = read_demo_texts(SHIPPED / FILE, recorded=261)
    assert (texts.recorded, texts.report, texts.rules_score) == (261, shipped["report_id"], 0.414)
    scores = {entry["engine"]: entry["scores"]["mrr"]["value"] for entry in shipped["engines"]}
    # The benchmark's other figures are the report's: it is the same test.
    assert f"→ {scores['crop-rewrite']:.3f}" in run
