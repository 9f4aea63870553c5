"""Words and links of the cards."""

from __future__ import annotations

from dataclasses import replace

from tests.ui.shop import item
from ui.components.cards import inspect_link, kind


def test_links_survive_odd_ids() -> None:
    assert inspect_link("a&b=c/1", "my shop") == "/inspect?item=a%26b%3Dc%2F1&catalog=my+shop"


def test_the_product_type_is_not_said_twice() -> None:
    chair = item("a", "Chair ")
    assert kind(chair) == "home"
    assert kind(replace(chair, title="Osaka chair")) == "Chair"
