"""The rewritten text on Inspect: trace, decisions, queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.domain import Correction, Stage, WorthALook
from core.errors import QueryError
from tests.ui.shop import HOSTILE, Shop
from ui.components.rewrite_panel import (
    LISTED,
    changed_words,
    decide,
    panel,
    worth_a_look_panel,
    writer_sentence,
)
from ui.pages.inspect import content, correct

WHEN = datetime(2026, 11, 4, 9, 5, tzinfo=UTC)


def test_the_trace_marks_what_is_new_and_escapes_everything(shop: Shop) -> None:
    html = panel(shop, "a", "demo")
    assert "<b>Draft</b> Armchair" in html
    assert "<b>Refined</b> <mark>Blue</mark> armchair" in html
    assert "Say the colour: blue." in html
    assert HOSTILE not in html
    assert panel(shop, "a", "demo") in content(shop, "a", "demo")


def test_changed_words_look_past_case_and_commas() -> None:
    assert changed_words("Red sofa, big", "A red sofa with wooden legs") == (
        ("A", True),
        ("red sofa", False),
        ("with wooden legs", True),
    )
    assert changed_words("same", "Same") == (("Same", False),)
    assert changed_words("gone", "") == ()


@pytest.mark.parametrize(
    ("action", "value", "done"),
    [
        ("text-edit", "New words", ("edit", "a", "New words", "Ada", "demo")),
        ("text-accept", "", ("accept", "a", "Ada", "demo")),
        ("text-machine", "", ("machine", "a", "Ada", "demo")),
        ("text-round", "legs", ("round", "a", "legs", "Ada", "demo")),
    ],
)
def test_every_decision_reaches_the_studio(
    shop: Shop, action: str, value: str, done: tuple[str, ...]
) -> None:
    correct(shop, shop.item("a"), "demo", "", action, value, "Ada")
    assert shop.words.done == [done]


def test_nonsense_from_the_browser_changes_nothing(shop: Shop) -> None:
    with pytest.raises(QueryError, match="can't be done"):
        decide(shop, "a", "demo", "text-burn", "", "Ada")
    assert shop.words.done == []


def test_another_round_is_offered_only_with_an_agent(shop: Shop) -> None:
    assert "text-round" not in panel(shop, "a", "demo")
    html = panel(shop, "a", "demo")
    assert "No further rounds: no language model is connected here." in html
    assert "<p>The rewriting agent is off.</p></details>" in html
    shop.words.agent_off = ""
    assert "text-round" in panel(shop, "a", "demo")


def test_it_says_who_wrote_and_whether_it_is_embedded(shop: Shop) -> None:
    view = shop.words.view("a")
    assert writer_sentence(view) == "Written by the offline rules."
    event = Correction("e", Stage.REWRITE, "a", "p", "k", "Ada", "edited", WHEN)
    decided = replace(view, decision=event, embedded=False)
    assert writer_sentence(decided) == (
        "Decided by Ada on 4 November 2026, 09:05 UTC; not searchable with this text yet."
    )
    assert writer_sentence(replace(view, standing=None)).startswith("Not described yet")


def test_the_queue_lists_the_most_serious_and_links_to_them(shop: Shop) -> None:
    assert worth_a_look_panel(shop, "demo") == ""
    entry = WorthALook(shop.item("b"), "Blue", "rules", ("Its last score is 2.0 of 5.",), 3.0)
    shop.words.queue = (entry,) * (LISTED + 1)
    html = content(shop, "", "demo")
    assert f"Descriptions to check ({LISTED + 1})" in html
    assert html.count("Its last score is 2.0 of 5.") == LISTED
    assert "/inspect?item=b&amp;catalog=demo" in html
    assert HOSTILE not in html
