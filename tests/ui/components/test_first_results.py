"""Home's example shows what the report found first, and which of it is right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain import QueryRow, Report
from tests.ui.components.test_proof import report, row
from tests.ui.shop import Shop
from ui.components.first_results import first_results
from ui.components.first_right import FirstRight
from ui.components.proof import BOTH, NEITHER, WORDS
from ui.components.query import SearchForm
from ui.components.story import story_html

Lists = dict[str, tuple[tuple[str, bool], ...]]


def with_first(entry: QueryRow, **first: str) -> QueryRow:
    """Give a row its first results; the row's own item is right."""
    lists: Lists = {
        name.replace("_", "-"): ((item_id, item_id in entry.relevant),)
        for name, item_id in first.items()
    }
    return replace(entry, found=lists)


def gain() -> Report:
    looked_for = row("c", photo_title=40, photo_rewrite=12, crop_rewrite=1)
    return report(with_first(looked_for, photo_title="b", photo_rewrite="a", crop_rewrite="c"))


def test_both_are_asked_with_the_same_words_so_that_only_the_pictures_differ(shop: Shop) -> None:
    firsts = first_results(shop, shop.inspect("c"), gain(), "demo")
    assert firsts is not None
    clip, vl_clip = firsts.results
    assert firsts.same_words == "a crate full of oranges" == clip.asked == vl_clip.asked
    assert (clip.engine, clip.item.item_id, clip.is_right, clip.place) == (
        "CLIP", "a", False, "result 12"
    )  # fmt: skip
    assert (vl_clip.item.item_id, vl_clip.is_right, vl_clip.is_itself) == ("c", True, True)
    assert vl_clip.picture.startswith("data:image/jpeg")  # the part that it looks at
    assert clip.picture.startswith("/media/demo/full/")


def test_a_loss_is_shown_with_the_title_that_clip_was_measured_with(shop: Shop) -> None:
    lost = row("c", photo_title=1, photo_rewrite=5, crop_rewrite=26)
    lost = with_first(lost, photo_title="c", photo_rewrite="b", crop_rewrite="a")
    firsts = first_results(shop, shop.inspect("c"), report(lost), "demo")
    assert firsts is not None
    assert (firsts.is_worse, firsts.same_words) == (True, "")
    assert [result.is_right for result in firsts.results] == [True, False]
    assert firsts.results[0].asked == "Crate & oranges"


@pytest.mark.parametrize("first", [{}, {NEITHER: "a", WORDS: "a", BOTH: "gone"}])
def test_what_was_not_kept_or_is_gone_is_not_shown(shop: Shop, first: dict[str, str]) -> None:
    entry = row("c", photo_title=40, photo_rewrite=12, crop_rewrite=1)
    stored = report(with_first(entry, **{name.replace("-", "_"): first[name] for name in first}))
    assert first_results(shop, shop.inspect("c"), stored, "demo") is None
    assert first_results(shop, shop.inspect("b"), stored, "demo") is None


def test_home_begins_with_them(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: gain())
    html = story_html(shop, SearchForm())
    assert "Looking for “a crate full of oranges”" in html
    assert "Both were asked with these words, VL-CLIP’s description of this" in html
    assert html.index("✗") < html.index("✓")
    assert "Armchair</span>" in html
    assert "The one in that photo" in html
    assert "result 12" in html
    assert "Example " not in html  # there is one only
    lost = row("a", photo_title=1, crop_rewrite=26)
    lost = replace(lost, values={**lost.values, NEITHER: 1.0})
    both = replace(gain(), rows=(*gain().rows, lost))
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: both)
    html = story_html(shop, SearchForm())
    assert "Example 1 of 2" in html
    assert 'data-value="?item=a&amp;catalog=demo" aria-label="The next example"' in html


def test_the_figure_says_what_each_engine_was_asked_with(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.evaluation, "latest_ablation", lambda *_: gain())
    figure = FirstRight(24, 32, 669, 535, True, "")
    monkeypatch.setattr("ui.components.story.with_own_texts", lambda _: figure)
    html = story_html(shop, SearchForm())
    assert (
        "535 of 669 products were looked for: by VL-CLIP with its own description, by CLIP with "
        "the shop’s title." in html
    )
    assert "<strong>32</strong> of 100" in html
    assert "<strong>24</strong> of 100" in html
