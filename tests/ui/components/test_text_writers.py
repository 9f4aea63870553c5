"""Home says who wrote the texts that its figures were measured with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import Report
from tests.ui.components.test_proof import report
from tests.ui.shop import CLIP, VL_CLIP, Shop
from ui.components.proof import Proof, proof
from ui.components.query import SearchForm
from ui.components.story import story_html
from ui.components.text_writers import text_writers


def shown(shop: Shop, monkeypatch: pytest.MonkeyPatch, stored: Report) -> Proof:
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: stored)
    made = proof(shop, "demo", (CLIP, VL_CLIP))
    assert made is not None
    return made


def test_the_shipped_figures_say_with_whose_texts_they_were_measured(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = replace(report(), report_id=shop.demo_texts().report, items=669)
    writers = text_writers(shop, "demo", shown(shop, monkeypatch, shipped), None)
    assert writers.beside_figures == (
        "VL-CLIP’s texts in these figures: Claude, a language model, wrote 261 of 669 beforehand; "
        "free rules on this computer wrote 408. With the rules’ texts alone, VL-CLIP scores 0.41 "
        "instead of 0.57 in the test with own texts (CLIP: 0.43)."
    )
    judged = text_writers(shop, "demo", shown(shop, monkeypatch, shipped), shipped)
    assert judged.beside_figures.endswith("not measured with the rules’ texts alone.")
    html = story_html(shop, SearchForm())
    assert html.count("Claude, a language model, wrote 261") == 2  # beside the figures, in the card
    assert html.index(writers.beside_figures) < html.index(
        "Own texts: each engine with its own text for an item"
    )
    assert writers.in_costs in html


def test_of_other_measurements_and_catalogues_no_figure_is_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shown(shop, monkeypatch, report())
    for proven in (own, None):
        writers = text_writers(shop, "demo", proven, None)
        assert writers.beside_figures == ""
        assert writers.in_costs == (
            "In this demo Claude, a language model, wrote 261 of them beforehand."
        )
    assert not any(
        (text_writers(shop, "shoes", own, None).beside_figures,
         text_writers(shop, "shoes", own, None).in_costs)
    )  # fmt: skip
