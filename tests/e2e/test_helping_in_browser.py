"""“Help us choose” on Explore in a real Chromium: nothing is recorded before the visitor agrees."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from core.app.experimenting import ExperimentService
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus, Variant

pytestmark = pytest.mark.browser

MIX = Experiment(
    "mix", "Mix", "demo", ExperimentKind.INTERLEAVING,
    (Variant("before", "clip"), Variant("after", "vl-clip")), salt="mix",
    status=ExperimentStatus.RUNNING,
)  # fmt: skip
QUERY = "/explore?q=something+to+sit+on"


@pytest.fixture(scope="module")
def experiments(studio_data: Path) -> ExperimentService:
    service = ExperimentService(studio_data)
    service.create(MIX)
    return service


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def events(service: ExperimentService, kind: str = "", least: int = 0) -> list[dict[str, Any]]:
    """Return the stored events, as soon as there are ``least``."""
    deadline = time.monotonic() + 120
    while True:
        rows = service.log.reader().read_all().to_pylist()
        rows = [row for row in rows if kind in ("", row["kind"])]
        if len(rows) >= least or time.monotonic() > deadline:
            return rows
        time.sleep(0.2)


def test_who_agrees_helps_until_they_stop(
    studio_url: str, experiments: ExperimentService, page: Page
) -> None:
    # Nobody is asked before a merchandiser offers the experiment.
    page.goto(studio_url + QUERY)
    page.wait_for_selector(".vs-card")
    expect(page.locator(".vs-help")).to_have_count(0)
    assert page.locator("#explore-help").bounding_box() is None
    experiments.offer("mix", True)

    # Asked, and not recorded.
    page.goto(studio_url + QUERY)
    page.wait_for_selector(".vs-card")
    expect(page.locator(".vs-help")).to_contain_text("Help us choose")
    assert page.locator("[data-mixed]").count() == 0
    page.wait_for_timeout(1500)
    assert events(experiments) == []
    assert not [c for c in page.context.cookies() if c["name"] == "vlclip-help"]

    # Agreed, by keyboard.
    page.locator("[data-help=yes]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-helps]")
    page.wait_for_selector("[data-mixed] .vs-card")
    unit = next(c for c in page.context.cookies() if c["name"] == "vlclip-help")["value"]
    seen = events(experiments, "exposure", 5)
    places = {row["position"] for row in seen}
    assert 1 in places
    assert max(places) <= 10  # not those below the screen
    assert {row["unit"] for row in events(experiments)} == {unit}
    first = page.locator(".vs-grid > .vs-card").first
    item = first.get_attribute("data-item")
    assert next(row["item_id"] for row in seen if row["position"] == 1) == item
    first.locator("a", has_text="Inspect").click()  # leaves the page
    page.wait_for_url("**/inspect**")
    (click,) = events(experiments, "click", 1)
    assert (click["item_id"], click["position"], click["experiment"]) == (item, 1, "mix")
    assert click["query"] == "something to sit on"

    # Stopped: a plain list, and nothing more is recorded.
    page.goto(studio_url + QUERY)
    page.wait_for_selector("[data-helps]")
    page.click("[data-help=no]")
    page.wait_for_selector(".vs-help", state="detached")
    page.wait_for_selector(".vs-card")
    assert page.locator("[data-mixed]").count() == 0
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.wait_for_timeout(4000)  # a card is reported three seconds after it is shown
    assert not [address for address in sent if "/help/events" in address]


def test_a_visitor_who_is_not_to_be_recorded_is_not_asked(
    studio_url: str, experiments: ExperimentService, browser: Browser
) -> None:
    experiments.offer("mix", True)
    context = browser.new_context(extra_http_headers={"Sec-GPC": "1"})
    page = context.new_page()
    context.add_cookies([{"name": "vlclip-help", "value": "a" * 32, "url": studio_url}])
    page.goto(studio_url + QUERY)
    page.wait_for_selector(".vs-card")
    assert page.locator("[data-mixed]").count() == 0
    assert page.locator(".vs-help").count() == 0
    context.close()
    assert "a" * 32 not in {row["unit"] for row in events(experiments)}


def test_who_chooses_an_engine_gets_that_one(
    studio_url: str, experiments: ExperimentService, page: Page
) -> None:
    experiments.offer("mix", True)
    page.context.add_cookies([{"name": "vlclip-help", "value": "b" * 32, "url": studio_url}])
    page.goto(f"{studio_url}{QUERY}&engine=clip")
    page.wait_for_selector(".vs-card")
    expect(page.locator(".vs-status").first).to_contain_text("CLIP")
    assert page.locator("[data-mixed]").count() == 0
