"""Inspect without an item: what can be chosen, and what typed words match."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from gradio.context import LocalContext

from core.errors import QueryError
from core.people import People, Role
from tests.ui.shop import Shop
from ui.components import item_choice
from ui.components.item_choice import choice_html, matches_html


def test_some_items_can_be_chosen(shop: Shop) -> None:
    html = choice_html(shop, "demo")
    assert "Choose an item." in html
    assert "/inspect?item=a&amp;catalog=demo" in html
    assert "<img src=x" not in html


def test_texts_to_check_are_for_those_who_may_correct_them(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How little a text agrees with its photo is not for those who judge."""
    monkeypatch.setattr(item_choice, "worth_a_look_panel", lambda *_: "texts to check")
    shop.people = People(tmp_path / "users.json")
    for name, role in (("ann", Role.ANNOTATOR), ("lea", Role.MERCHANDISER)):
        shop.people.add(name, role, "long enough")
        token = LocalContext.request.set(cast("Any", SimpleNamespace(username=name)))
        html = choice_html(shop, "demo")
        LocalContext.request.reset(token)
        assert ("texts to check" in html) is (name == "lea")
        assert "Choose an item." in html


def test_words_find_items_where_no_item_has_them_as_its_id(shop: Shop) -> None:
    html = matches_html(shop, "blue armchair", "demo")
    assert "No item has the id “blue armchair”." in html
    assert "/inspect?item=a&amp;catalog=demo" in html
    assert "/inspect?item=c&amp;catalog=demo" not in html
    assert shop.asked == []  # no engine tells annotators anything
    with pytest.raises(QueryError, match="“nothing” or such words"):
        matches_html(shop, "nothing", "demo")
