"""The header leads to every page; most stand behind “More”."""

from __future__ import annotations

from ui.navigation import NAVIGATION
from ui.web_app import PAGES


def test_every_page_is_in_the_header_once() -> None:
    links = {(page.title, page.path) for page in NAVIGATION}
    assert links == {("Home", "/"), *((title, path) for title, path, _ in PAGES)}
    assert len(links) == len(NAVIGATION)


def test_a_first_visitor_sees_four_pages() -> None:
    assert [page.title for page in NAVIGATION if not page.is_more] == [
        "Home", "Explore", "Compare", "Evaluate",
    ]  # fmt: skip
    assert all(page.purpose for page in NAVIGATION)
