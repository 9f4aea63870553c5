"""From a shown list to labels of two people at once, and to what is still unjudged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.e2e.desk import press, wait_for_photos

pytestmark = pytest.mark.browser


@pytest.fixture
def colleague(browser: Browser) -> Iterator[Page]:
    """A second person's browser, on a phone: nothing is shared with the first one."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    yield context.new_page()
    context.close()


def known_as(page: Page, name: str) -> None:
    """Let the browser remember a name, as it does once somebody has typed it."""
    page.add_init_script(f"localStorage.setItem('vs-name', '{name}')")


def test_two_people_judge_a_shown_list_and_never_see_each_other(
    page: Page, colleague: Page, studio_url: str
) -> None:
    known_as(page, "ada-e2e")
    known_as(colleague, "bob-e2e")
    page.goto(f"{studio_url}/explore?q=floor+lamp&k=10&engine=clip")
    expect(page.locator("#explore-results .vs-rank").first).to_be_visible()
    shown = {c.get_attribute("data-item") for c in page.locator("#explore-results .vs-card").all()}
    page.locator("#explore-judge").click()
    page.wait_for_url("**/annotate?*set=from-search*")
    url = page.url
    expect(page.locator(".vs-desk [data-part=query]").first).to_have_text("floor lamp")

    requests: list[str] = []

    def listen(response: Response) -> None:
        if "component_server" in response.url:
            requests.append(response.text())

    colleague.on("response", listen)
    colleague.goto(url)
    hers, his = (tab.locator(".vs-desk [data-part=single]") for tab in (page, colleague))
    expect(his).to_have_attribute("data-key", re.compile("q"))
    expect(colleague.locator("#annotate-name input, #annotate-name textarea").first).to_have_value(
        "bob-e2e"
    )
    key = his.get_attribute("data-key") or ""
    assert key.split("\t")[1] in shown
    for _ in range(2):  # one person a pair: what she has in hand is not dealt to him
        before = hers.get_attribute("data-key") or ""
        assert before != key
        wait_for_photos(page)
        page.locator(".vs-desk [data-grade='3']").click()
        expect(hers).not_to_have_attribute("data-key", before)
    expect(page.locator(".vs-desk [data-part=progress]")).to_contain_text("2 of")
    expect(his).to_have_attribute("data-key", key)
    bar = colleague.locator(".vs-desk [data-grade='0']")
    box = bar.bounding_box()
    assert box
    assert box["y"] + box["height"] <= 844, "the grades are below the fold of a phone"
    wait_for_photos(colleague)
    bar.tap()
    expect(colleague.locator(".vs-desk [data-part=progress]")).to_contain_text("1 of")
    colleague.locator(".vs-desk [data-do=undo]").tap()
    expect(colleague.locator(".vs-desk [data-part=progress]")).to_contain_text("0 of")
    expect(his).to_have_attribute("data-key", key)
    page.reload()
    expect(page.locator(".vs-desk [data-part=progress]")).to_be_visible()
    assert requests
    for answer in requests:  # nobody's name, no engine, no rank, no score, no grade of hers
        assert not re.search(r"ada-e2e|clip|\"rank|\"score|cosine|\"annotator\"", answer), answer
        for entry in json.loads(answer).get("tasks", []):
            assert "grade" not in entry or entry["grade"] is None

    page.goto(f"{studio_url}/evaluate?catalog=demo")
    page.locator("#evaluate-judged button").first.click()
    chosen = page.locator("#evaluate-set input")
    expect(chosen).not_to_have_value("")
    chosen.click()
    page.get_by_role("option", name=re.compile("Lists from Explore")).click()
    page.locator("#evaluate-lists-go").click()
    lists = page.locator("#evaluate-lists .vs-lists", has_text="floor lamp")
    expect(lists.locator(".vs-judged span").first).to_have_text("3")
    assert lists.locator(".vs-unjudged").count() >= 6
    page.locator("#evaluate-missing").click()
    page.wait_for_url("**/annotate?*set=from-search*")


def test_a_name_ends_with_enter_and_keys_then_grade(page: Page, studio_url: str) -> None:
    page.goto(f"{studio_url}/annotate?catalog=demo")
    desk = page.locator(".vs-desk [data-part=single]")
    expect(desk).to_have_attribute("data-key", re.compile("."))
    page.get_by_label("Change your name").click()
    page.locator("#vs-your-name").fill("eve-e2e")
    desk.evaluate("desk => { delete desk.dataset.key; }")
    page.keyboard.press("Enter")
    expect(page.locator("#vs-header details.vs-who")).not_to_have_attribute("open", "")
    expect(page.locator("#annotate-name textarea, #annotate-name input").first).to_have_value(
        "eve-e2e"
    )
    expect(desk).to_have_attribute("data-key", re.compile("."))  # dealt anew for the name
    before = desk.get_attribute("data-key") or ""
    press(page, "2")
    expect(desk).not_to_have_attribute("data-key", before)
    assert page.evaluate("localStorage.getItem('vs-name')") == "eve-e2e"
