"""The script for shops in a real Chromium, on a small shop of another origin than the studio's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.access.event_tokens import TokenKind
from core.experiments.assignment import assign
from core.experiments.model import Experiment, ExperimentStatus, Variant
from tests.ui.security.served import free_port, run_app, served, shop_in
from tests.ui.shop import Shop

pytestmark = pytest.mark.browser

AB = Experiment(
    "sofa", "Sofas", variants=(Variant("a"), Variant("b")), salt="sofa",
    status=ExperimentStatus.RUNNING,
)  # fmt: skip
#: A list of twelve items, of which two fit on the screen.
PAGE = """<!doctype html><title>Shop</title><script src="{script}"></script>
<h1>Sofas</h1><p id="variant"></p>
<ol>{items}</ol><button id="buy">Buy</button>
<script>
document.querySelector('#variant').textContent = vlclip.variant('sofa');
document.querySelectorAll('li').forEach((element, index) => vlclip.item(element,
  {{item_id: element.id, position: index + 1, query_id: 'q1', query: 'sofa'}}));
document.querySelector('#buy').addEventListener('click', () => vlclip.record('purchase',
  {{item_id: 'sku-1', amount: 899.5, currency: 'EUR', quantity: 1, order_id: 'o1'}}));
</script>"""
ITEMS = "".join(
    f'<li id="sku-{n}" style="height:260px"><a href="/item">Sofa {n}</a></li>' for n in range(1, 13)
)


@dataclass
class ShopSite:
    """A shop's address, and the studio that it sends to."""

    url: str
    foreign: str
    studio: Shop

    def events(
        self, kind: str = "", least: int = 1, unit: str = "", item: str = ""
    ) -> list[dict[str, Any]]:
        """Return the stored events, as soon as there are ``least``; they arrive within seconds."""
        deadline = time.monotonic() + 60
        while True:
            rows = self.studio.experiments.log.reader().read_all().to_pylist()
            rows = [r for r in rows if kind in ("", r["kind"]) and unit in ("", r["unit"])]
            rows = [r for r in rows if item in ("", r["item_id"])]
            if len(rows) >= least or time.monotonic() > deadline:
                return rows
            time.sleep(0.2)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopSite]:
    folder, port, other = tmp_path_factory.mktemp("snippet"), free_port(), free_port()
    origin = f"http://localhost:{port}"
    script = ""

    def page(_: Request) -> Response:
        return HTMLResponse(PAGE.format(script=script, items=ITEMS))

    def item(_: Request) -> Response:
        return HTMLResponse("<!doctype html><title>Item</title><h1>A sofa</h1>")

    pages = Starlette(routes=[Route("/", page), Route("/item", item)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temporary"))
        shop = shop_in(folder / "data", event_origins=origin)
        shop.experiments.create(AB)
        token = shop.intake.tokens.add("page", TokenKind.PAGE)
        with served(shop) as studio, run_app(pages, port), run_app(pages, other):
            script = f"{studio}/api/v1/shop.js?key={token}"
            yield ShopSite(origin, f"http://localhost:{other}", shop)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 800, "height": 700})
    yield context.new_page()
    context.close()


def test_a_visit_is_recorded_as_it_happened(site: ShopSite, page: Page) -> None:
    page.goto(site.url)
    unit = page.evaluate("localStorage.vlclip")
    variant = assign(AB, unit).variant
    assert variant is not None
    assert page.inner_text("#variant") == variant.name
    (visit,) = site.events("visit", unit=unit)
    assert (visit["experiment"], visit["variant"]) == ("sofa", variant.name)

    seen = site.events("exposure", least=2, unit=unit)
    assert [row["item_id"] for row in seen] == ["sku-1", "sku-2"]  # not those below
    page.locator("#sku-8").scroll_into_view_if_needed()
    assert site.events("exposure", unit=unit, item="sku-8")
    page.click("#buy")  # scrolls on
    page.click("#sku-12 a")  # leaves the page before anything was sent
    page.wait_for_url("**/item")
    click = site.events("click", unit=unit)[0]
    assert (click["item_id"], click["position"], click["query_id"]) == ("sku-12", 12, "q1")
    assert click["session"] == visit["session"] != ""
    (purchase,) = site.events("purchase", unit=unit)
    assert (purchase["amount"], purchase["currency"]) == (899.5, "EUR")
    seen = site.events("exposure", unit=unit)
    assert "sku-4" not in {row["item_id"] for row in seen}  # passed by

    # The next page of the tab sends the unacknowledged ones again, and each counts once.
    page.goto(site.url)
    page.wait_for_function("sessionStorage.vlqueue === '[]'")
    ids = [row["event_id"] for row in site.events(unit=unit)]
    assert len(ids) == len(set(ids))
    assert page.evaluate("localStorage.vlclip") == unit
    assert page.context.cookies() == []


def test_a_visitor_who_is_not_to_be_recorded_is_not(site: ShopSite, page: Page) -> None:
    before = len(site.events())
    page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    page.goto(site.url)
    page.click("#sku-1 a")
    page.wait_for_url("**/item")
    page.wait_for_timeout(1000)
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert len(site.events()) == before


def test_a_page_of_another_origin_sends_nothing(site: ShopSite, page: Page) -> None:
    before = len(site.events())
    with page.expect_event("requestfailed", lambda request: "/api/v1/events" in request.url):
        page.goto(site.foreign)
    page.wait_for_timeout(500)
    assert len(site.events()) == before
