"""Home's proof says what the ablation found, and where it found nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.app import ablation
from core.domain import (
    EngineScores,
    Grounding,
    Item,
    PairedTest,
    QueryRow,
    Ranking,
    Report,
    Score,
    Slice,
)
from tests.ui.shop import CLIP, CRATE, VL_CLIP, Shop, item
from ui.components.proof import (
    BOTH,
    CROPS,
    NEITHER,
    WORDS,
    examples,
    is_worse,
    largest_loss,
    place,
    proof,
)
from ui.components.query import SearchForm
from ui.components.story import story_html

ENGINES = (NEITHER, CROPS, WORDS, BOTH)


def paired(second: str, gain: float, p: float, measure: str = "mrr") -> PairedTest:
    return PairedTest(measure, NEITHER, second, Score(gain), p, p)


def part(name: str, gains: dict[str, tuple[float, float]]) -> Slice:
    values = {engine: 0.2 + gains.get(engine, (0.0, 1.0))[0] for engine in ENGINES}
    tests = tuple(paired(engine, *gain) for engine, gain in gains.items())
    scores = {engine: Score(value, value - 0.05, value + 0.05) for engine, value in values.items()}
    return Slice("photo", name, 30, values, {}, tests, scores)


def row(item_id: str, **ranks: int) -> QueryRow:
    by_engine = {name.replace("_", "-"): rank for name, rank in ranks.items()}
    values = dict.fromkeys(ENGINES, 0.0)
    return QueryRow(item_id, item_id, "", False, "", "", (item_id,), values, by_engine)


def report(*rows: QueryRow, p: float = 0.001) -> Report:
    shares = dict(zip(ENGINES, (0.43, 0.46, 0.53, 0.57), strict=True))
    engines = tuple(
        EngineScores(name, name, "f", {"hits@5": Score(share), "mrr": Score(share, 0.1, 0.9)})
        for name, share in shares.items()
    )
    return Report(
        "demo-ablation-1", "demo", ablation.TASK, "Ablation", Ranking.IMAGE, 100, 90, 90,
        ("hits@5", "mrr"), "mrr", engines,
        (paired(BOTH, 0.1, p), paired(BOTH, 0.14, p, "hits@5")),
        rows,
        (
            part(ablation.CLUTTER, {CROPS: (0.1, 0.01), BOTH: (0.2, 0.001)}),
            part(ablation.BUSY, {CROPS: (0.01, 0.6), BOTH: (0.1, 0.001)}),
            part(ablation.PLAIN_GROUND, {CROPS: (-0.02, 0.02), BOTH: (0.01, 0.4)}),
        ),
    )  # fmt: skip


@pytest.fixture
def measured(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    stored = report(row("c", photo_title=40, photo_rewrite=12, crop_rewrite=1))
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda catalog, engine: stored)
    return shop


def test_figures_and_verdicts_are_those_of_the_report(measured: Shop) -> None:
    shown = proof(measured, "demo", (CLIP, VL_CLIP))
    assert shown is not None
    # The measure of the bars, so that figures beside each other can be compared.
    assert "0.57 with VL-CLIP, 0.43 with CLIP, a proven gain." in shown.sentence
    assert "better texts" not in shown.sentence  # their part was not tested
    assert shown.gain == (
        "Most is gained where the photo shows much more than the product: "
        "2.0 times CLIP’s score (0.40 against 0.20)."
    )
    assert shown.no_gain == (
        "Looking at the product alone brings nothing where the product fills most of a busy photo; "
        "the gain there comes from the words. No gain is proven on a plain ground."
    )
    assert [(row.name, row.queries, row.tone) for row in shown.chart.rows] == [
        ("All items", 90, "up"), ("Photo shows much more", 30, "up"),
        ("Product fills a busy photo", 30, "up"), ("Plain ground", 30, "equal"),
    ]  # fmt: skip
    assert (shown.chart.rows[1].text, shown.chart.rows[1].gain) == ("0.20 → 0.40", "+0.20")
    assert shown.link.endswith("report=demo-ablation-1")


def test_what_may_be_chance_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: report(p=0.3))
    shown = proof(shop, "demo", (CLIP, VL_CLIP))
    assert shown is not None
    assert "a difference that may be chance" in shown.sentence


def test_without_a_report_or_an_engine_nothing_is_claimed(measured: Shop) -> None:
    assert proof(measured, "demo", (CLIP,)) is None
    measured.evaluation.latest_ablation = lambda *_: None  # type: ignore[method-assign]
    assert proof(measured, "demo", (CLIP, VL_CLIP)) is None


def test_examples_are_what_only_the_crop_finds_each_of_another_photo_and_type(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def thing(item_id: str, kind: str, photo: Item | None = None) -> Item:
        made = replace(item(item_id, item_id), product_type=kind)
        return replace(made, photo=photo.photo) if photo else made

    lamp = thing("lamp", "lamp")
    stock = [
        lamp, thing("vase", "vase", lamp), thing("lamp-2", "lamp"), thing("rug", "rug"),
        thing("plain", "cup"), thing("words", "bowl"), thing("bed", "bed"), thing("sofa", "sofa"),
    ]  # fmt: skip
    shop.stock = {entry.item_id: entry for entry in stock}
    busy: dict[str, Grounding] = {i: CRATE for i in shop.stock if i != "plain"}
    monkeypatch.setattr(shop.looks, "of_items", lambda items, catalog: busy)
    stored = report(
        row("rug", photo_title=20, photo_rewrite=30, crop_rewrite=1),
        row("lamp", crop_rewrite=1),
        row("lamp-2", crop_rewrite=1),
        row("vase", crop_rewrite=1),
        row("plain", crop_rewrite=1),
        row("words", photo_title=90, photo_rewrite=2, crop_rewrite=1),
        row("bed", photo_title=50, photo_rewrite=60, crop_rewrite=1),
        row("sofa", photo_title=90, photo_rewrite=90, crop_rewrite=2),
    )
    assert [shown.item_id for shown in examples(shop, "demo", stored)] == ["lamp", "bed", "rug"]
    bed = next(entry for entry in stored.rows if entry.query_id == "bed")
    assert [place(stored, bed, engine) for engine in (NEITHER, WORDS, BOTH)] == [
        "result 50", "result 60", "result 1"
    ]  # fmt: skip
    assert place(stored, stored.rows[1], NEITHER) == "not among the first 100 results"


def test_the_part_of_better_texts_is_told_if_it_is_proven(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = report()
    stored = replace(stored, tests=(*stored.tests, paired(WORDS, 0.08, 0.001)))
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: stored)
    shown = proof(shop, "demo", (CLIP, VL_CLIP))
    assert shown is not None
    assert shown.sentence.endswith("Part of it is owed to the better texts.")


def test_home_keeps_the_statistics_behind_a_question(measured: Shop) -> None:
    html = story_html(measured, SearchForm())
    said = re.sub(r"<details.*?</details>", "", html, flags=re.DOTALL)
    behind = html.partition('id="measured"')[2].partition("</details>")[0]
    assert "How was this measured?" in behind
    for figure in (
        "a proven gain",
        "2.0 times CLIP’s score",
        "No gain is proven on a plain ground.",
    ):
        assert figure in behind
        assert figure not in said
    assert "VL-CLIP minus CLIP. All items: 0.43 → 0.57, +0.10" in behind
    whole = story_html(measured, SearchForm(item="a"))
    assert "CLIP and VL-CLIP see the same photo" in whole  # its first results were not kept


def test_the_largest_loss_is_shown_with_how_often_it_loses(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = replace(
        row("a", photo_title=1, crop_rewrite=26), values={**dict.fromkeys(ENGINES, 0.0), NEITHER: 1}
    )
    less = replace(
        row("b", photo_title=2, crop_rewrite=4),
        values={**dict.fromkeys(ENGINES, 0.0), NEITHER: 0.5, BOTH: 0.25},
    )
    stored = report(lost, less, row("c", photo_title=40, crop_rewrite=1))
    loss = largest_loss(shop, "demo", stored)
    assert loss is not None
    assert (loss.item.item_id, loss.before, loss.after) == ("a", "result 1", "result 26")
    assert (loss.earlier, loss.later) == (1, 2)
    assert (is_worse(stored, "a"), is_worse(stored, "c")) == (True, False)
    assert largest_loss(shop, "demo", report(row("c", photo_title=40, crop_rewrite=1))) is None
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: stored)
    html = story_html(shop, SearchForm())
    assert (
        "“Armchair”: result 1 with CLIP, result 26 with VL-CLIP. No other item loses more" in html
    )
    assert (
        "Of the 90 items in that test, 1 come earlier with VL-CLIP, 2 later, 87 at the same place"
        in html
    )
