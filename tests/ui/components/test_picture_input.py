"""Pictures to ask with."""

from __future__ import annotations

import pytest

from core.errors import ImageError, QueryError
from tests.ui.shop import Shop
from ui.components.picture_input import example_strip, query_picture
from ui.components.query import SearchForm


def test_an_upload_comes_before_an_example(shop: Shop) -> None:
    with pytest.raises(ImageError):
        query_picture(shop, SearchForm(example=0), "/tmp/not-a-picture.txt")
    assert query_picture(shop, SearchForm(), "/tmp/chair.jpg") is not None


def test_the_example_of_a_link_is_read(shop: Shop) -> None:
    assert query_picture(shop, SearchForm(example=0), None) is not None
    assert query_picture(shop, SearchForm(), None) is None


def test_an_unknown_example_is_a_sentence(shop: Shop) -> None:
    with pytest.raises(QueryError, match="no example photo 7"):
        query_picture(shop, SearchForm(example=7), None)


def test_the_strip_names_every_photo(shop: Shop) -> None:
    assert 'alt="A sofa &amp; a lamp"' in example_strip(shop, "demo")


def test_photos_of_rooms_are_offered_for_the_demo_alone(shop: Shop) -> None:
    assert "<img" not in example_strip(shop, "watches")
    assert "A photo of yours" in example_strip(shop, "watches")
