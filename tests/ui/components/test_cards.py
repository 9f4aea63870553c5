"""Words and links of the cards."""

from __future__ import annotations

from dataclasses import replace

from core.domain import NO_PHOTO, Photo
from tests.ui.shop import item
from ui.components.cards import brand, fills, inspect_link, kind


def test_links_survive_odd_ids() -> None:
    assert inspect_link("a&b=c/1", "my shop") == "/inspect?item=a%26b%3Dc%2F1&catalog=my+shop"


def test_the_product_type_is_not_said_twice() -> None:
    chair = item("a", "Chair ")
    assert kind(chair) == "home"
    assert kind(replace(chair, title="Osaka chair")) == "Chair"


def test_a_brand_is_said_where_the_title_does_not_name_it() -> None:
    chair = replace(item("a", "Osaka chair"), attributes={"Brand": "Osaka"})
    assert brand(chair) == ""
    assert brand(replace(chair, title="Chair")) == "Osaka"
    assert brand(item("a", "Chair")) == ""


def test_nearly_square_photos_fill_their_tile() -> None:
    assert fills(Photo("a", 768, 512, "0"))
    assert fills(Photo("a", 512, 768, "0"))
    assert not fills(Photo("a", 900, 300, "0"))
    assert not fills(NO_PHOTO)
