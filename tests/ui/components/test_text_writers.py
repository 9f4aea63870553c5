"""Home says who wrote the texts that its figures were measured with, and what the rules reach."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.app.demo_texts import CLIP as PLAIN
from core.app.demo_texts import PAIRS, RECORDED, RULES, DemoTexts, TextComparison
from core.domain import PairedTest, Report, Score
from tests.ui.components.test_proof import report
from tests.ui.components.test_same_searches import judged
from tests.ui.shop import CLIP, VL_CLIP, Shop
from ui.components import story
from ui.components.proof import Proof, proof
from ui.components.query import SearchForm
from ui.components.story import story_html
from ui.components.text_writers import text_writers


def comparison(report_id: str, rules: float, recorded: float, *ps: float) -> TextComparison:
    """Figures of a test in which CLIP has 0.4; one p for each pair."""
    scores = {PLAIN: 0.4, RULES: rules, RECORDED: recorded}
    tests = {
        pair: PairedTest("mrr", *pair, Score(scores[pair[1]] - scores[pair[0]]), p, p)
        for pair, p in zip(PAIRS, ps, strict=True)
    }
    return TextComparison(report_id, scores, tests)


def shown(shop: Shop, monkeypatch: pytest.MonkeyPatch, stored: Report) -> Proof:
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: stored)
    made = proof(shop, "demo", (CLIP, VL_CLIP))
    assert made is not None
    return made


def test_the_shipped_figures_say_what_the_rules_alone_reach(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = DemoTexts(
        261,
        comparison("judged", 0.45, 0.46, 0.01, 0.3, 0.01),
        comparison("judged", 0.41, 0.42, 0.4, 0.3, 0.01),
        comparison("own", 0.5, 0.57, 0.01, 0.02, 0.01),
    )
    monkeypatch.setattr(shop, "demo_texts", lambda: texts)
    own = shown(shop, monkeypatch, replace(report(), report_id="own", items=669))
    graded = replace(judged(), report_id="judged")
    writers = text_writers(shop, "demo", own, graded)
    assert writers.sentence == (
        "Claude, a language model, wrote 261 of the demo’s texts beforehand; free rules wrote the "
        "others. With free rules alone, VL-CLIP’s gain over CLIP is proven in both tests. What "
        "Claude’s texts add may be chance for the same searches and is proven in the test with own "
        "texts. For typed words alone, the rules’ gain may be chance."
    )
    assert "wrote 261 of the 669 texts; free rules on this computer wrote 408" in (writers.about)
    assert [(t.clip, t.rules, t.recorded) for t in writers.tests] == [
        ("0.400", "0.450", "0.460"), ("0.400", "0.410", "0.420"), ("0.400", "0.500", "0.570"),
    ]  # fmt: skip
    monkeypatch.setattr(story, "judged_report", lambda *_: graded)
    html = story_html(shop, SearchForm())
    assert "Does it need a language model?" in html
    assert '<th scope="row">Own texts</th><td>0.400</td><td>0.500</td><td>0.570</td>' in html
    assert writers.in_costs in html

    lost = replace(texts, judged=comparison("judged", 0.3, 0.46, 0.01, 0.3, 0.01))
    monkeypatch.setattr(shop, "demo_texts", lambda: lost)
    assert "over CLIP is a proven loss for the same searches and is proven in the test" in (
        text_writers(shop, "demo", own, graded).sentence
    )


def test_of_other_measurements_and_catalogues_no_figure_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shown(shop, monkeypatch, report())
    shipped = replace(own, report=replace(own.report, report_id=shop.demo_texts().own.report))
    graded = replace(judged(), report_id=shop.demo_texts().judged.report)
    for proven, searches in ((own, graded), (None, graded), (shipped, judged()), (shipped, None)):
        writers = text_writers(shop, "demo", proven, searches)
        assert (writers.sentence, writers.tests) == ("", ())
        assert writers.in_costs == (
            "In this demo Claude, a language model, wrote 261 of them beforehand."
        )
    assert text_writers(shop, "demo", shipped, graded).tests
    assert not text_writers(shop, "shoes", shipped, graded).in_costs
