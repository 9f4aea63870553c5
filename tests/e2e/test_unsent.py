"""Judgments that could not be sent are kept, said, and sent: offline, closed, signed out."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from core.app.studio import Studio
from core.domain import JudgmentEvent, JudgmentQuery
from core.people import People, Role
from core.settings import load_settings
from tests.core.judging.desks import grade
from tests.e2e.desk import press

pytestmark = pytest.mark.browser

NAME, PASSWORD, PAIRS = "ada-e2e", "password-e2e", 4


@pytest.fixture(scope="module")
def studio_data(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with a set of four pairs, and an annotator who has to sign in."""
    folder = tmp_path_factory.mktemp("studio") / "data"
    shutil.copytree(demo_data, folder)
    people = People(folder / "users.json")
    people.add("root-e2e", Role.ADMIN, PASSWORD)
    people.add(NAME, Role.ANNOTATOR, PASSWORD)
    query = JudgmentQuery("q1", text="wooden chair")
    Studio(load_settings(data_dir=folder)).judging.create(
        "Tiny", (query,), engines=("clip",), depth=PAIRS, catalog="demo"
    )
    return folder


def sign_in(page: Page) -> None:
    page.fill("#username", NAME)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/annotate*")


def judge(page: Page, key: str) -> None:
    single = page.locator(".vs-desk [data-part=single]")
    expect(single).to_be_visible()
    before = single.get_attribute("data-key") or ""
    press(page, key)
    page.wait_for_function(
        "before => { const single = document.querySelector('.vs-desk [data-part=single]');"
        " return single.hidden || single.dataset.key !== before; }",
        arg=before,
    )


def waiting(page: Page) -> int:
    return int(
        page.evaluate("Object.keys(localStorage).filter(k => k.startsWith('vs-outbox/')).length")
    )


def stored(folder: Path) -> list[JudgmentEvent]:
    queue = Studio(load_settings(data_dir=folder)).judging.queue("demo")
    made = queue.sets.all()[0]  # the newest; the shipped one is older
    return queue.look(made.set_id, lambda state: state.recent(NAME, 100))


def sign_out(context: BrowserContext) -> None:
    """Let the sign-in end, as it does when it is too old; the browser stays the same one."""
    for cookie in context.cookies():
        if "visitor" not in cookie["name"]:
            context.clear_cookies(name=cookie["name"])


def test_what_a_signed_in_annotator_could_not_send_is_said_kept_and_sent(
    browser: Browser, studio_url: str, studio_data: Path
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    status, end = (page.locator(f".vs-desk [data-part={name}]") for name in ("status", "end-text"))
    page.goto(f"{studio_url}/annotate")
    sign_in(page)

    expect(page.locator(".vs-desk [data-part=single]")).to_be_visible()
    sign_out(context)  # the sign-in ends while the page is open
    judge(page, "2")
    expect(status).to_contain_text("You are signed out. 1 judgment is kept in this browser")
    with context.expect_page() as opened:
        status.get_by_role("link", name="Sign in again").click()
    sign_in(opened.value)
    opened.value.close()
    expect(status).to_have_text("Saved.")
    assert waiting(page) == 0

    page.keyboard.press("n")
    page.keyboard.type("too dark")
    page.keyboard.press("Enter")
    press(page, "u")
    judge(page, "1")
    expect(status).to_have_text("Saved.")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".vs-desk [data-part=note]")).to_have_value("too dark")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".vs-desk [data-grade='2']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".vs-desk [data-part=past]")).to_contain_text("judged before: 2")
    page.keyboard.press("ArrowRight")
    judge(page, "3")  # corrects "can't tell"; its note stays
    expect(page.locator(".vs-desk [data-part=past]")).to_be_hidden()
    page.wait_for_function(
        "!Object.keys(localStorage).some(key => key.startsWith('vs-outbox/'))"
    )  # it is sent before the connection ends
    page.wait_for_function(  # and all photos have come
        "most => performance.getEntriesByType('resource')"
        ".filter(entry => entry.name.includes('/media/demo/full/')).length >= most",
        arg=PAIRS,
    )

    context.set_offline(True)  # the end of the set is reached without a connection
    for key in ("0", "1"):
        judge(page, key)
    expect(status).to_contain_text("there is no connection. 2 judgments are kept")
    expect(end).not_to_contain_text("everything")
    assert waiting(page) == 2
    page.close()
    context.set_offline(False)

    page = context.new_page()
    page.goto(f"{studio_url}/annotate")
    expect(page.locator(".vs-desk [data-part=end-text]")).to_have_text(re.compile("everything"))
    expect(page.locator(".vs-desk [data-part=progress]")).to_contain_text("4 of 4 judged")
    assert waiting(page) == 0
    labels = stored(studio_data)
    assert sorted(str(label.grade) for label in labels) == ["0", "1", "2", "3"]
    assert [label.note for label in labels if label.grade == 3] == ["too dark"]
    context.close()


def test_an_annotator_ends_their_part_when_they_say_so(
    browser: Browser, studio_url: str, studio_data: Path
) -> None:
    judging = Studio(load_settings(data_dir=studio_data)).judging
    made = judging.queue("demo").sets.all()[0]
    for pair in made.pairs:
        judging.queue("demo").judge(grade(made, *pair.key, 2, NAME))
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{studio_url}/annotate")
    sign_in(page)

    def part(name: str) -> Locator:
        return page.locator(f".vs-desk [data-part={name}]")

    expect(part("finish")).to_contain_text("can no longer be changed")
    expect(part("until-end")).to_be_hidden()
    for not_theirs in ("#annotate-tabs .overflow-menu", "#annotate-own", ".vs-about-set"):
        expect(page.locator(not_theirs)).to_be_hidden()
    page.get_by_role("button", name="End my part").click()
    page.get_by_role("button", name="Not yet").click()
    judge_again(page, "1")
    expect(part("status")).to_have_text("Saved.")
    page.get_by_role("button", name="End my part").click()
    page.get_by_role("button", name="Make my labels final").click()
    expect(part("finished")).to_contain_text("Your labels are final")
    expect(part("finish")).to_be_hidden()
    judge_again(page, "3")
    expect(part("closed")).to_contain_text("stays")
    expect(part("status")).to_have_text("Not saved.")
    assert sorted(str(label.grade) for label in stored(studio_data)) == ["1", "2", "2", "2"]
    context.close()


def judge_again(page: Page, key: str) -> None:
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".vs-desk [data-part=past]")).to_be_visible()
    press(page, key)
