"""Every page in both themes: accessible, steady, within a phone's width, and named in the tab.

A page is loaded four times, wide and narrow, light and dark; one load serves all checks. While its
answers are held back, it shows what it waits for, which is looked at as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Route

from core.app.studio import Studio
from core.settings import load_settings
from tests import whole
from tests.ui.security.served import run_app
from ui.web_app import build_app

pytestmark = pytest.mark.browser

#: What can be opened: filled, empty, and what is not there.
PAGES = (
    "/", "/explore", "/explore?q=chair", "/explore?q=qwertyuiop", "/compare", "/compare?q=chair",
    "/inspect", "/inspect?item=absent", "/inspect?item=i-0&q=chair", "/annotate", "/evaluate",
    "/experiments", "/catalog", "/credits", "/explore?catalog=nope",
)  # fmt: skip
#: Width, height, theme.
SIZES_OF_SCREENS = ((1280, 800), (390, 844))
LOOKS = tuple((*size, theme) for size in SIZES_OF_SCREENS for theme in ("light", "dark"))
#: Largest sum of layout shifts that people do not notice (web.dev/cls has 0.1).
STEADY = 0.05
#: Answers that take this long, in milliseconds, come after the page is shown.
LATE = 4_000
#: Sizes of text in pixels.
SIZES = {28, 20, 16, 14, 13}
#: Axe's names of what the pages are held to: WCAG 2 A and AA, and its own good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

SHIFTS = """window.vsShifts = 0; new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.vsShifts += shift.value;
}).observe({ type: "layout-shift", buffered: true });"""
ODD_TEXT = """(sizes) => {
  const odd = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode()); ) {
    const place = text.parentElement;
    if (!text.textContent.trim() || !place.checkVisibility()) continue;
    if (place.closest("script, style, option")) continue;
    const size = parseFloat(getComputedStyle(place).fontSize);
    if (!sizes.includes(size)) odd.push(`${size}: ${text.textContent.trim().slice(0, 40)}`);
  }
  return odd;
}"""

#: Parts of a page that stand beside each other where they have no room for it.
NARROW = """() => [...document.querySelectorAll(".vs-inspect-top > div, .vs-columns > .vs-column")]
  .filter((part) => part.checkVisibility() && part.clientWidth < 280).map((part) => part.className)
"""


@pytest.fixture(scope="module")
def studio_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio with a small catalogue, a judgment set and nothing measured."""
    data: Path = tmp_path_factory.mktemp("look") / "data"
    data.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(data.parent / "temporary"))
        whole.fill(data)
        app = build_app(Studio(load_settings(data_dir=data)))
        with run_app(app) as url:
            yield url


@pytest.fixture(scope="module", params=LOOKS, ids=lambda look: f"{look[0]}-{look[2]}")
def looking(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of one width and theme; it counts what moves on it."""
    width, height, theme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
    )
    context.add_init_script(SHIFTS)
    page = context.new_page()
    yield page
    context.close()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_accessible_steady_and_fits(looking: Page, studio_url: str, address: str) -> None:
    page = looking
    page.goto(studio_url + address)
    page.wait_for_function(
        "document.querySelector('h1')?.checkVisibility({visibilityProperty: true})"
    )
    page.wait_for_function("!document.querySelector('[data-waiting]')")
    page.wait_for_timeout(400)  # what would jump, jumps now

    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    title = page.title()
    name = address.strip("/").partition("?")[0].capitalize()
    assert re.search(rf"{name}.*VL-CLIP Studio", title), title
    assert ("nope" if "nope" in address else whole.NAME) in title.lower(), title
    assert page.evaluate(NARROW) == []
    assert page.evaluate(ODD_TEXT, sorted(SIZES)) == []
    assert faults(page) == []
    assert page.evaluate("window.vsShifts") <= STEADY


WAITING = ("/", "/explore", "/compare?q=chair", "/inspect?item=i-0", "/evaluate", "/catalog")


@pytest.mark.parametrize("address", WAITING)
def test_a_page_that_waits_is_drawn_and_accessible(
    looking: Page, studio_url: str, address: str
) -> None:
    page = looking
    page.route("**/gradio_api/queue/data*", lambda route: None)  # answers stay away
    try:
        page.goto(studio_url + address)
        page.wait_for_function(
            "document.querySelector('h1')?.checkVisibility({visibilityProperty: true})"
        )
        waiting = page.locator("[data-waiting]").first
        waiting.wait_for(state="visible")
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert faults(page) == []
        box = waiting.bounding_box()
        assert box is not None
        assert box["height"] > 80, "an empty place"
    finally:
        page.unroute_all(behavior="ignoreErrors")


#: Tabs of Annotate that fill themselves when they are opened.
TABS = ("New set", "Agreement", "Decide", "Rules", "Files")


@pytest.mark.parametrize("name", TABS)
def test_a_tab_that_is_opened_is_steady(looking: Page, studio_url: str, name: str) -> None:
    page = looking
    page.goto(studio_url + "/annotate")
    page.wait_for_function("!document.querySelector('[data-waiting]')")
    page.get_by_role("tab", name="Judge", exact=True).wait_for()  # the row is laid out
    page.wait_for_timeout(400)
    tab = page.get_by_role("tab", name=name, exact=True)
    more = page.locator("#annotate-tabs .overflow-menu > button").first
    tab.or_(more).filter(visible=True).first.wait_for()
    if not tab.is_visible():  # on a phone behind the button at the row's end
        more.click()
        tab = page.locator("#annotate-tabs .overflow-dropdown button", has_text=name)
    tab.click()
    page.wait_for_function("!document.querySelector('#annotate-tabs [data-waiting]')")
    page.wait_for_timeout(1_200)  # shifts of the first half second belong to the press
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.evaluate("window.vsShifts") <= STEADY


def test_judging_is_steady_when_answers_come_late(looking: Page, studio_url: str) -> None:
    """The page is shown before them, since nobody looks at grey shapes for seconds."""
    page = looking

    def late(route: Route) -> None:
        page.wait_for_timeout(LATE)
        route.continue_()

    page.route("**/gradio_api/queue/data*", late)
    try:
        page.goto(studio_url + "/annotate")
        page.wait_for_function("!document.querySelector('#annotate-tabs [data-waiting]')")
        page.locator("[data-desk] [data-part=query]").first.wait_for(state="visible")
        page.wait_for_timeout(400)
        assert page.evaluate("window.vsShifts") <= STEADY
    finally:
        page.unroute_all(behavior="ignoreErrors")


def faults(page: Page) -> list[str]:
    """Return what axe finds: the rule, the place, and what is wrong there."""
    options: dict[str, Any] = {
        "resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}
    }  # fmt: skip
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']} at {' '.join(map(str, node['target']))}: {node['failureSummary']}"
        for rule in violations
        for node in rule["nodes"]
    ]
