"""No link is a dead end: what can't be shown is said, with links that lead on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace as Request
from typing import Any

import httpx
import pytest
from starlette.datastructures import QueryParams

from core.app.studio import Studio
from core.settings import load_settings
from tests.ui.security.served import served, shop_in
from tests.ui.shop import Shop
from ui.checked_blocks import CheckedBlocks
from ui.pages import compare, evaluate, explore, home, inspect


def opened(shop: Studio, page: Any, query: str, name: str) -> str:
    """Return the last HTML that a page's first event gives for a link."""
    with CheckedBlocks() as made:
        page.build(shop, made)
    handler = next(e.fn for e in made.fns.values() if e.fn and e.fn.__name__ == name)
    values = handler(Request(query_params=QueryParams(query), username=None, session_hash="s"))
    return "".join(value for value in values if isinstance(value, str) and "<" in value)


@pytest.mark.parametrize(
    ("page", "event"), [(explore, "open_page"), (compare, "open_page"), (home, "open_page")]
)
def test_a_catalogue_that_is_gone(shop: Shop, page: Any, event: str) -> None:
    html = opened(shop, page, "q=chair&catalog=nope", event)
    assert "There is no catalogue “nope”" in html
    assert 'href="/explore?catalog=demo">Explore “Demo”' in html
    assert 'href="/catalog"' in html


@pytest.mark.parametrize(("page", "event"), [(explore, "open_page"), (home, "open_page")])
def test_an_item_that_is_gone(shop: Shop, page: Any, event: str) -> None:
    html = opened(shop, page, "item=nope&catalog=demo", event)
    assert "There is no item “nope”" in html
    assert 'href="/explore?catalog=demo"' in html


def test_inspect_offers_another_item(shop: Shop) -> None:
    html = opened(shop, inspect, "item=nope&catalog=demo", "load")
    assert "There is no item “nope”" in html
    assert 'href="/inspect?catalog=demo">Choose another item' in html
    html = opened(shop, inspect, "item=a&catalog=nope", "load")
    assert 'href="/explore?catalog=demo"' in html


@pytest.mark.parametrize("page", [explore, compare])
def test_engines_and_values_of_a_link_that_can_not_be_used_are_said(shop: Shop, page: Any) -> None:
    query = "q=chair&engine=clipp&engine=fashion-clip&engine=clip&sort=best&k=ten"
    html = opened(shop, page, query, "open_page")
    assert "There is no engine “clipp”." in html
    assert "FashionCLIP can&#39;t answer here: It needs the full profile." in html
    assert "The link’s “sort” has a value that means nothing, “best”" in html
    assert "“k”" in html
    assert "engine=clipp" not in html  # the link on screen names what answers
    assert {engine for _, engine in shop.asked} == {"clip"}


def test_a_good_link_says_nothing(shop: Shop) -> None:
    query = "q=chair&engine=clip&sort=cheapest&k=30&from=1&language=de&example=0&region=0,0,9,9"
    html = opened(shop, explore, query, "open_page")
    assert "means nothing" not in html
    assert "There is no" not in html


def test_a_report_that_is_gone_is_said(tmp_path: Path) -> None:
    html = opened(Studio(load_settings(data_dir=tmp_path)), evaluate, "report=nope", "load")
    assert "There is no stored report “nope”." in html


def test_an_address_without_a_page_leads_to_those_that_are_there(tmp_path: Path) -> None:
    page, data = {"accept": "text/html,*/*"}, {"accept": "application/json"}
    with served(shop_in(tmp_path)) as url, httpx.Client(base_url=url, verify=False) as web:
        for path in ("/nosuchpage", "/explore/nosuchpage", "/a/<b>"):
            answer = web.get(path, headers=page)
            assert (answer.status_code, answer.headers["content-type"][:9]) == (404, "text/html")
            assert 'href="/explore"' in answer.text
            assert 'href="/catalog"' in answer.text
            assert "<b>" not in answer.text
        assert web.get("/nosuchpage", headers=data).json() == {"detail": "Not Found"}
        assert web.get("/explore", headers=page).status_code == 200


def test_add_your_own_leads_to_the_open_form() -> None:
    templates = Path(home.__file__).parents[1] / "templates"
    for name in ("home_hero.html", "home_limits.html"):
        assert 'href="/catalog?add=1"' in (templates / name).read_text("utf-8")
