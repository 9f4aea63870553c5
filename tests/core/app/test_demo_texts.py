"""What Home says of the demo's texts is what was recorded and measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.app.demo_texts import CLIP, FILE, PAIRS, RECORDED, RULES, TextComparison, read_demo_texts
from core.catalog import demo
from core.settings import SHIPPED

_README = (Path(__file__).parents[3] / "benchmarks" / "README.md").read_text("utf-8")


def scores(report: Path, baseline: str, full: str, measure: str) -> tuple[float, float]:
    """Return the report's scores of CLIP and of VL-CLIP with the texts that ship."""
    shipped = json.loads(report.read_text("utf-8"))
    by_engine = {entry["engine"]: entry["scores"] for entry in shipped["engines"]}
    return by_engine[baseline][measure]["value"], by_engine[full][measure]["value"]


def test_the_figures_belong_to_the_reports_that_ship() -> None:
    texts = read_demo_texts(SHIPPED / FILE, recorded=261)
    assert texts.recorded == 261
    judged = SHIPPED / "demo" / "judgments" / "report.json"
    for comparison, report, names in (
        (texts.judged, judged, ("clip", "vl-clip", "ndcg@10")),
        (texts.own, demo.ablation_path(), ("photo-title", "crop-rewrite", "mrr")),
    ):
        assert comparison.report == json.loads(report.read_text("utf-8"))["report_id"]
        clip, full = scores(report, *names)
        # Measured with vectors made anew, in the number format of that machine.
        assert comparison.scores[CLIP] == pytest.approx(clip, abs=0.01)
        assert comparison.scores[RECORDED] == pytest.approx(full, abs=0.01)


def test_the_benchmarks_have_these_figures() -> None:
    def figures_of(comparison: TextComparison) -> str:
        return ", ".join(f"{who} {comparison.scores[who]:.3f}" for who in (CLIP, RECORDED, RULES))

    texts = read_demo_texts(SHIPPED / FILE, recorded=261)
    assert figures_of(texts.judged) in _README
    assert figures_of(texts.own) in _README
    for comparison in (texts.judged, texts.own):
        for first, second in PAIRS:
            test = comparison.tests[first, second]
            step = comparison.scores[second] - comparison.scores[first]
            assert test.difference.value == pytest.approx(step, abs=0.0016)  # of rounded figures
            assert test.difference.low <= test.difference.value <= test.difference.high
