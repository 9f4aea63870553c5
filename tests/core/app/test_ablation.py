"""The four combinations over a real store; only the models are stand-ins."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from core.app import ablation
from core.domain import ImageView, PairedTest, Score, Slice, TextView
from core.errors import EvaluationError, FingerprintMismatch
from core.evaluation import report_html

ENGINES = ("clip", "vl-clip")


def test_four_combinations_of_what_two_engines_stored(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("ablation", ENGINES, "shop")
    assert report.names() == ("photo-title", "crop-title", "photo-rewrite", "crop-rewrite")
    assert [entry.title for entry in report.engines] == [
        "CLIP", "CLIP + grounding", "CLIP + rewriting", "VL-CLIP (both)",
    ]  # fmt: skip
    own = shop.verbs.run_task("own", ENGINES, "shop")
    for cell, engine in (("photo-title", "clip"), ("crop-rewrite", "vl-clip")):
        mine = next(entry.scores for entry in report.engines if entry.engine == cell)
        alone = next(entry.scores for entry in own.engines if entry.engine == engine)
        assert mine["mrr"] == alone["mrr"]
    assert {(test.first, test.second) for test in report.tests} == {
        ("photo-title", name) for name in report.names()[1:]
    }
    assert "CLIP + grounding" in shop.verbs.html(report)


def test_nothing_is_embedded_twice(shop: SimpleNamespace) -> None:
    """Pictures come from the store; each text view is encoded once for all that ask with it."""
    own = ablation.stock(shop.catalog, shop.models["clip"], shop.models["vl-clip"])
    asked, calls = sorted(own.qrels), []

    def encode(texts: list[str]) -> np.ndarray:
        calls.append(tuple(texts))
        return shop.models["clip"].encoder.encode_texts(texts)

    cells = [
        replace(contender, encode=encode)
        for contender in ablation.contenders(own, shop.models["clip"])
    ]
    runs, _ = ablation.answered(own, cells, asked, 10)
    assert len(runs) == 4
    assert calls == [
        tuple(own.words[view][query_id] for query_id in asked)
        for view in (TextView.TITLE, TextView.REWRITE)
    ]


def test_parts_are_tested_on_their_own(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("ablation", ENGINES, "shop")
    parts = {row.query_id: "first" if n < 20 else "few" for n, row in enumerate(report.rows[:25])}
    (part,) = ablation.by_part(report, parts, "photo", [("photo-title", "crop-title")])
    assert (part.name, part.queries) == ("first", 20)
    mean = np.mean([row.values["crop-title"] for row in report.rows[:20]])
    assert part.values["crop-title"] == pytest.approx(mean)
    assert part.scores["crop-title"].value == pytest.approx(mean)
    (test,) = part.tests
    gap = part.values["crop-title"] - part.values["photo-title"]
    assert test.difference.value == pytest.approx(gap)
    assert len(report_html.gaps(report, part)) == 1


def test_kinds_of_photo_follow_ground_and_crop(shop: SimpleNamespace) -> None:
    own = ablation.stock(shop.catalog, shop.models["clip"], shop.models["vl-clip"])
    assert set(own.crops) == set(own.ids)
    assert all(0 < share <= 1 for share in own.crops.values())
    kinds = ablation.photo_kinds(shop.catalog, own, own.ids)
    assert set(kinds) == set(own.ids)
    busy = [name for name, kind in kinds.items() if kind.startswith("busy")]
    for name in busy:
        assert ("under half" in kinds[name]) == (own.crops[name] < ablation.CLUTTERED)


def test_engines_that_differ_in_more_than_views_are_refused(shop: SimpleNamespace) -> None:
    with pytest.raises(EvaluationError, match="such as clip and vl-clip"):
        shop.verbs.run_task("ablation", ["clip"], "shop")
    full = shop.models["vl-clip"]
    other = SimpleNamespace(engine=full.engine, encoder=SimpleNamespace(fingerprint="other"))
    with pytest.raises(EvaluationError, match="different towers"):
        ablation.engines_of([shop.models["clip"], other])  # type: ignore[list-item]
    assert full.engine.image_view is ImageView.CROP


@pytest.mark.parametrize("task", ["title", "similar", "attributes", "ablation"])
def test_vectors_of_other_weights_are_refused(shop: SimpleNamespace, task: str) -> None:
    model = shop.models["clip"]
    kept, model.fingerprint = model.fingerprint, "f" * 64
    try:
        with pytest.raises(FingerprintMismatch, match=r"other weights or views.*Index the cat"):
            shop.verbs.run_task(task, ENGINES, "shop")
    finally:
        model.fingerprint = kept


def test_the_report_marks_parts_and_compares_what_was_tested(shop: SimpleNamespace) -> None:
    report = shop.verbs.run_task("ablation", ENGINES, "shop")
    assert [duel.engine for duel in report_html.duels(report)] == list(report.names()[1:])
    fewer = replace(report, tests=tuple(t for t in report.tests if t.second == "crop-title"))
    assert [duel.engine for duel in report_html.duels(fewer)] == ["crop-title"]
    gap = PairedTest("mrr", "photo-title", "crop-title", Score(-0.2, -0.3, -0.1), 0.001, 0.001)
    part = Slice("photo", "busy", 20, dict.fromkeys(report.names(), 0.5), tests=(gap,))
    marked = replace(report, slices=(part,))
    assert set(report_html.parts(marked)) == {"photo"}
    assert "on this part" in report_html.fragment(marked, {}, lambda item: "", lambda row: "")
