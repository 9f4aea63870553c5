"""Home's fair figures are those of the report on judgments; its queries are chosen from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.domain import NO_PHOTO, QueryRow, Report, Score
from core.evaluation.report_builder import BY_QUERY, ITEM, PICTURE, WORDS, by_query_kind
from tests.ui.pages.test_evaluate import report as small_report
from tests.ui.shop import Shop
from ui.components.facet_lists import example_queries
from ui.components.query import SearchForm
from ui.components.same_searches import most_telling, same_searches, telling_queries
from ui.components.story import story_html


def row(text: str, clip: float, vl_clip: float, item_id: str = "", image: bool = False) -> QueryRow:
    values = {"clip": clip, "vl-clip": vl_clip}
    return QueryRow(text or "photo", text, item_id, image, "", "", (), values, {})


ROWS = (
    row("candle", 0.5, 0.9), row("sofa", 0.5, 0.8), row("vase", 0.5, 0.7), row("basket", 0.9, 0.4),
    row("rug", 0.6, 0.5), row("Armchair", 0.2, 0.9, "a"), row("Crate", 0.4, 0.5, "c"),
    row("Lamp", 0.3, 0.35, "b"), row("", 0.1, 1.0, image=True), row("", 0.9, 0.1, image=True),
    row("", 0.5, 0.5, image=True),
)  # fmt: skip


def judged() -> Report:
    base = small_report()
    return replace(base, rows=ROWS, queries=len(ROWS), slices=by_query_kind(ROWS, base.main))


@pytest.fixture
def measured(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(shop.evaluation, "latest_judged", lambda catalog, engines: judged())
    return shop


def test_words_items_and_pictures_are_measured_apart_and_corrected_together() -> None:
    parts = by_query_kind(ROWS, "mrr")
    assert [(p.kind, p.name, p.queries) for p in parts] == [
        (BY_QUERY, WORDS, 5), (BY_QUERY, ITEM, 3), (BY_QUERY, PICTURE, 3),
    ]  # fmt: skip
    assert parts[0].values["vl-clip"] == pytest.approx(0.66)
    # Benjamini and Hochberg over the three kinds, by hand.
    ps = np.array([part.tests[0].p for part in parts])
    order = np.argsort(ps)
    stepped = np.minimum.accumulate((ps[order] * 3 / np.arange(1, 4))[::-1])[::-1]
    corrected = [parts[place].tests[0].corrected for place in order]
    assert corrected == pytest.approx(np.minimum(stepped, 1).tolist())
    assert corrected[0] > ps[order[0]]
    assert by_query_kind(ROWS[:5], "mrr") == ()


def test_the_queries_are_the_largest_gains_of_words_and_items_and_the_largest_loss() -> None:
    chosen = telling_queries(judged())
    assert [query.label for query in chosen] == [
        "like “Armchair”", "candle", "sofa", "like “Crate”", "basket",
    ]  # fmt: skip
    assert [query.is_loss for query in chosen] == [False, False, False, False, True]
    words = telling_queries(judged(), items=False)
    assert [query.text for query in words] == ["candle", "sofa", "basket"]


def test_queries_whose_lists_begin_alike_are_not_chosen() -> None:
    alike = {"clip": (("a", True), ("b", True)), "vl-clip": (("a", True), ("c", True))}
    apart = {"clip": (("b", False),), "vl-clip": (("a", True),)}
    rows = tuple(
        replace(row, found=alike if row.text in ("candle", "Armchair", "basket") else apart)
        for row in ROWS
    )
    chosen = telling_queries(replace(judged(), rows=rows))
    assert [query.label for query in chosen] == [
        "sofa", "vase", "like “Crate”", "like “Lamp”", "rug",
    ]  # fmt: skip


def test_the_sentence_says_what_may_be_chance(shop: Shop) -> None:
    vl_clip_wrong = {"clip": (("a", True), ("b", False)), "vl-clip": (("b", False), ("a", True))}
    first, second, *others = judged().rows
    both_right = {"clip": (("a", True),), "vl-clip": (("a", True),)}
    rows = (replace(first, found=vl_clip_wrong), replace(second, found=both_right), *others)
    shown = same_searches(shop, replace(judged(), rows=rows))
    assert shown.sentence.startswith(
        "The first result is right in 1 of the same 11 searches with VL-CLIP, in 2 with CLIP. "
        "How well the first ten are ordered: 0.50 of 1 against "
    )
    assert shown.scale.startswith("On a scale of 0 to 1: how far up")
    assert "a proven loss" in shown.sentence  # the test of the report that this one is made of
    assert shown.unsure == (
        "For typed words, items as queries and photos as queries alone, the difference may be "
        "chance."
    )
    assert [(r.name, r.queries) for r in shown.chart.rows] == [
        ("All searches", 11), ("Typed words", 5), ("“Similar” to an item", 3),
        ("A photo as query", 3),
    ]  # fmt: skip
    even = replace(judged(), tests=())
    assert "a difference that may be chance" in same_searches(shop, even).sentence


def test_pages_offer_them_and_home_shows_the_judged_lists(measured: Shop) -> None:
    assert example_queries(measured, measured.catalog()) == ("candle", "sofa", "basket")
    html = story_html(measured, SearchForm())
    assert "The same searches for both" in html
    assert "Like “Armchair”: the first results of CLIP and VL-CLIP" in html
    assert "A search that loses:" in html
    query, _ = measured.asked[-1]
    assert (query.item_id, query.cutoff, query.fold_duplicates) == ("a", False, False)
    html = story_html(measured, SearchForm(text="basket", item="c"))
    assert 'aria-current="true">basket</a>' in html
    assert 'href="/?item=a&amp;catalog=demo"' in html
    assert 'href="/?q=candle&amp;item=c&amp;catalog=demo"' in html


def test_the_gain_of_typed_words_is_said_with_its_size_if_it_is_proven(shop: Shop) -> None:
    def said(before: float, after: float, corrected: float) -> str:
        base = judged()
        (words, *others) = base.slices
        (test,) = words.tests
        difference = Score(after - before)
        part = replace(
            words, values={"clip": before, "vl-clip": after},
            tests=(replace(test, difference=difference, corrected=corrected),),
        )  # fmt: skip
        return same_searches(shop, replace(base, slices=(part, *others))).words

    assert said(0.932, 0.949, 0.01) == "Little is gained for typed words alone: 0.95 against 0.93."
    assert said(0.6, 0.9, 0.01) == "Much is gained for typed words alone: 0.90 against 0.60."
    assert said(0.932, 0.949, 0.2) == said(0.949, 0.932, 0.01) == ""


def test_results_with_one_photo_are_explained(shop: Shop) -> None:
    crate = shop.stock["c"]
    shop.stock["a"] = replace(shop.stock["a"], photo=crate.photo)
    html = story_html(shop, SearchForm(text="chair", item="b"))
    assert "Result 3 is another thing in the same photo as result 1." in html  # CLIP: a b c
    assert "Result 2 is another thing in the same photo as result 1." in html  # VL-CLIP: c a b
    shop.stock["b"] = replace(shop.stock["b"], photo=crate.photo)
    html = story_html(shop, SearchForm(text="chair", item="b"))
    assert html.count("Results 2 and 3 are other things in the same photo as result 1.") == 2
    bare = [replace(entry, photo=NO_PHOTO) for entry in shop.stock.values()]
    shop.stock = {entry.item_id: entry for entry in bare}
    assert "same photo as" not in story_html(shop, SearchForm(text="chair"))


def test_the_most_telling_query_is_the_one_whose_first_results_differ_most() -> None:
    def results(*right: bool) -> tuple[tuple[str, bool], ...]:
        return tuple((f"i{place}", is_right) for place, is_right in enumerate(right))

    def with_found(entry: QueryRow, before: int, after: int) -> QueryRow:
        lists = {
            engine: results(*(place < count for place in range(5)))
            for engine, count in (("clip", before), ("vl-clip", after))
        }
        return replace(entry, found=lists)

    equal, small, loss, tie, photo = (
        with_found(row("equal", 0.1, 0.9), 2, 2),
        with_found(row("small", 0.1, 0.9), 2, 3),
        with_found(row("loss", 0.9, 0.4), 4, 2),
        with_found(row("tie", 0.5, 0.6, "a"), 2, 4),
        with_found(row("", 0.1, 1.0, image=True), 0, 5),
    )
    telling = most_telling(replace(judged(), rows=(equal, small, tie, loss, photo)))
    assert telling is not None
    assert (telling.query.text, telling.right, telling.of) == ("loss", (4, 2), 5)
    assert telling.query.is_loss
    assert most_telling(replace(judged(), rows=(equal, photo))) is None
    assert most_telling(judged()) is None  # a report that kept no results
