"""No grade for a photo that is not there yet; and deciding with keys alone."""

from __future__ import annotations

import re
import shutil
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route, expect

from core.app.studio import Studio
from core.domain import EventKind, JudgmentEvent, JudgmentQuery, JudgmentSet
from core.judging import importing
from core.judging.judgment_queue import JudgmentQueue
from core.judging.state import SetState
from core.settings import load_settings
from tests.e2e.desk import press

pytestmark = pytest.mark.browser

PAIRS = 5


@pytest.fixture(scope="module")
def studio_data(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with a set that nobody has judged, and one in which two people disagree."""
    folder = tmp_path_factory.mktemp("studio") / "data"
    shutil.copytree(demo_data, folder)
    judging = Studio(load_settings(data_dir=folder)).judging
    for name in ("Photos", "Cases"):
        query = JudgmentQuery("q1", text="wooden chair")
        made = judging.create(name, (query,), engines=("clip",), depth=PAIRS, catalog="demo")
    for pair in made.pairs:
        for who, grade in (("ann", 3), ("bob", 0)):
            judging.queue("demo").judge(
                JudgmentEvent(
                    uuid.uuid4().hex, EventKind.GRADE, made.set_id, *pair.key, who, grade, "",
                    datetime.now(UTC), 1.0,
                )
            )  # fmt: skip
    return folder


def set_named(folder: Path, name: str) -> tuple[JudgmentQueue, JudgmentSet]:
    queue = Studio(load_settings(data_dir=folder)).judging.queue("demo")
    return queue, next(made for made in queue.sets.all() if made.name == name)


def test_a_photo_that_is_not_whole_is_not_graded(
    page: Page, studio_url: str, studio_data: Path
) -> None:
    queue, made = set_named(studio_data, "Photos")
    held: list[Route] = []
    is_held = [True]  # asked for, and not answered yet

    def answer(route: Route) -> None:
        if is_held[0]:
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile(r"/media/demo/full/"), answer)
    page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
    desk, status = (page.locator(f".vs-desk [data-part={part}]") for part in ("single", "status"))
    expect(desk).to_have_attribute("data-key", re.compile("."))
    page.locator("h1").first.click()  # away from text fields: keys are commands
    before = desk.get_attribute("data-key") or ""
    photo = desk.locator("[data-part=photo] img")
    assert photo.evaluate("image => image.complete && image.naturalWidth > 0") is False

    def refused(text: str) -> None:
        expect(status).to_contain_text(text)
        assert desk.get_attribute("data-key") == before
        assert queue.current(made.set_id) == []

    page.keyboard.press("2")
    refused("Not graded: the photo is still loading")
    page.locator(".vs-desk [data-grade='3']").click()
    refused("Not graded: the photo is still loading")
    page.keyboard.press("u")
    page.keyboard.press("1")  # a reason, where reasons are asked for
    refused("Not graded: the photo is still loading")

    is_held[0] = False
    for route in held:
        route.continue_()
    press(page, "2")
    expect(desk).not_to_have_attribute("data-key", before)
    expect(status).to_have_text("Saved.")
    (label,) = queue.current(made.set_id)
    assert (label.grade, label.item_id) == (2, before.split("\t")[1])


def test_a_photo_that_is_broken_is_not_graded_but_may_be_flagged(
    page: Page, studio_url: str, studio_data: Path
) -> None:
    queue, made = set_named(studio_data, "Photos")
    page.add_init_script("localStorage.setItem('vs-name', 'cyd-e2e')")
    page.route(re.compile(r"/media/demo/full/"), lambda route: route.abort())
    page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
    desk, status = (page.locator(f".vs-desk [data-part={part}]") for part in ("single", "status"))
    expect(desk.locator(".vs-photo-broken")).to_be_visible()
    page.locator("h1").first.click()
    page.keyboard.press("3")
    expect(status).to_contain_text("a photo can’t be loaded")
    page.keyboard.press("f")
    page.keyboard.press("1")
    expect(status).to_contain_text(re.compile("Saved|flag", re.IGNORECASE))
    assert all(label.annotator != "cyd-e2e" for label in queue.current(made.set_id))
    page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('vs-outbox/'))")
    flags = queue.look(made.set_id, SetState.flags)
    assert [flag.annotator for flag in flags] == ["cyd-e2e"]


def test_who_went_back_by_tap_goes_on_without_grading_again(
    browser: Browser, studio_url: str, studio_data: Path
) -> None:
    """A phone has no arrow keys: only another grade led on."""
    queue, made = set_named(studio_data, "Photos")
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.add_init_script("localStorage.setItem('vs-name', 'fay-e2e')")
    page = context.new_page()
    page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
    desk = page.locator(".vs-desk [data-part=single]")
    page.wait_for_function(
        "() => { const image = document.querySelector('.vs-desk [data-part=photo] img');"
        " return image && image.complete && image.naturalWidth > 0; }"
    )
    first = desk.get_attribute("data-key") or ""
    on = desk.locator("[data-part=on]")
    expect(on).to_be_hidden()
    page.locator(".vs-desk [data-grade='1']").tap()
    expect(desk).not_to_have_attribute("data-key", first)
    expect(page.locator(".vs-desk [data-part=status]")).to_have_text("Saved.")
    second = desk.get_attribute("data-key") or ""
    page.locator(".vs-desk [data-do=back]").tap()
    expect(desk).to_have_attribute("data-key", first)
    expect(page.locator(".vs-desk [data-grade='1']")).to_have_attribute("aria-pressed", "true")
    on.tap()
    expect(desk).to_have_attribute("data-key", second)
    expect(on).to_be_hidden()
    assert [e.grade for e in queue.current(made.set_id) if e.annotator == "fay-e2e"] == [1]
    context.close()


def test_a_correction_that_meets_a_decision_is_told_and_the_work_goes_on(
    page: Page, studio_url: str, studio_data: Path
) -> None:
    """The pair came back on screen, where nothing but a new page led on."""
    queue, made = set_named(studio_data, "Photos")
    page.add_init_script("localStorage.setItem('vs-name', 'gil-e2e')")
    page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
    desk, closed = (page.locator(f".vs-desk [data-part={part}]") for part in ("single", "closed"))

    def photo_is_whole() -> None:
        page.wait_for_function(
            "() => { const image = document.querySelector('.vs-desk [data-part=photo] img');"
            " return image && image.complete && image.naturalWidth > 0; }"
        )

    def mine() -> list[int | None]:
        return [e.grade for e in queue.current(made.set_id) if e.annotator == "gil-e2e"]

    photo_is_whole()
    page.locator("h1").first.click()
    first = desk.get_attribute("data-key") or ""
    title = desk.locator("[data-part=title]").inner_text()
    expect(closed).to_be_hidden()
    page.keyboard.press("1")
    expect(page.locator(".vs-desk [data-part=status]")).to_have_text("Saved.")
    second = desk.get_attribute("data-key") or ""
    query_id, item_id, _ = first.split("\t")
    Studio(load_settings(data_dir=studio_data)).labels.adjudicate(
        made.set_id, (query_id, item_id), 0, "why", "lea", catalog="demo", event_id="gil-decided"
    )
    page.keyboard.press("ArrowLeft")
    expect(desk).to_have_attribute("data-key", first)
    photo_is_whole()
    page.keyboard.press("2")
    expect(closed).to_contain_text(f"“{title}”: This pair has been decided meanwhile")
    expect(desk).to_have_attribute("data-key", second)
    assert mine() == [1]
    page.keyboard.press("ArrowLeft")  # no way back to what takes nothing
    expect(page.locator(".vs-desk [data-part=status]")).to_contain_text("nothing before this")
    photo_is_whole()
    page.keyboard.press("3")
    expect(desk).not_to_have_attribute("data-key", second)
    page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('vs-outbox/'))")
    assert sorted(map(str, mine())) == ["1", "3"]
    expect(closed).to_be_visible()


def test_saved_is_said_when_nothing_waits(page: Page, studio_url: str, studio_data: Path) -> None:
    """A fast hand read “Saved.” while nine of its judgments were on their way."""
    queue, made = set_named(studio_data, "Photos")
    page.add_init_script("localStorage.setItem('vs-name', 'hal-e2e')")
    held: list[Route] = []
    is_held = [True]

    def is_judgment(request: Request) -> bool:
        return '"judge"' in (request.post_data or "")

    def hold(route: Route) -> None:
        if is_held[0] and is_judgment(route.request):
            held.append(route)
        else:
            route.continue_()

    page.route("**/component_server/**", hold)
    page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
    desk, status = (page.locator(f".vs-desk [data-part={part}]") for part in ("single", "status"))
    expect(desk).to_have_attribute("data-key", re.compile("."))
    page.locator("h1").first.click()
    for key in "12":
        page.wait_for_function(
            "() => { const image = document.querySelector('.vs-desk [data-part=photo] img');"
            " return image && image.complete && image.naturalWidth > 0; }"
        )
        before = desk.get_attribute("data-key") or ""
        page.keyboard.press(key)
        expect(desk).not_to_have_attribute("data-key", before)
    for _ in range(1_000):  # until the first one is on its way
        if held:
            break
        page.wait_for_timeout(20)
    with page.expect_request(is_judgment):  # the second one goes when the first is in
        held.pop().continue_()
    expect(status).to_have_text("1 judgment is being saved …")
    is_held[0] = False
    for route in held:
        route.continue_()
    expect(status).to_have_text("Saved.")
    grades = [e.grade for e in queue.current(made.set_id) if e.annotator == "hal-e2e"]
    assert sorted(map(str, grades)) == ["1", "2"]


def test_a_flag_by_mistake_is_taken_back(page: Page, studio_url: str, studio_data: Path) -> None:
    queue, made = set_named(studio_data, "Photos")
    page.add_init_script("localStorage.setItem('vs-name', 'dee-e2e')")
    page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
    desk, status = (page.locator(f".vs-desk [data-part={part}]") for part in ("single", "status"))
    photo = desk.locator("[data-part=photo] img")
    expect(photo).to_be_visible()
    page.wait_for_function(
        "image => image.complete && image.naturalWidth > 0", arg=photo.element_handle()
    )
    page.locator("h1").first.click()
    graded = desk.get_attribute("data-key") or ""
    page.keyboard.press("3")
    expect(desk).not_to_have_attribute("data-key", graded)
    flagged = desk.get_attribute("data-key") or ""
    page.keyboard.press("f")
    page.keyboard.press("2")
    expect(status).to_contain_text(re.compile("Flagged|Saved"))
    page.keyboard.press("z")
    expect(status).to_contain_text("The flag on")
    assert desk.get_attribute("data-key") == flagged  # the grade before it stands
    assert not [f for f in queue.look(made.set_id, SetState.flags) if f.annotator == "dee-e2e"]
    (label,) = [e for e in queue.current(made.set_id) if e.annotator == "dee-e2e"]
    assert (label.grade, label.item_id) == (3, graded.split("\t")[1])


def test_cases_are_decided_with_keys_alone(page: Page, studio_url: str, studio_data: Path) -> None:
    queue, made = set_named(studio_data, "Cases")
    page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
    page.get_by_role("tab", name="Decide").click()
    cases, at = page.locator(".vs-case"), page.locator(".vs-case-on")
    expect(cases).to_have_count(PAIRS)
    expect(page.locator("[data-cases]")).not_to_contain_text(re.compile(r"\bann\b|\bbob\b"))
    items = [case.get_attribute("data-item") or "" for case in cases.all()]

    def decided() -> dict[str, tuple[int | None, str]]:
        decisions = queue.look(made.set_id, SetState.decisions)
        return {item: (event.grade, event.note) for (_, item), event in decisions.items()}

    page.locator("h1").first.click()
    page.keyboard.press("ArrowDown")
    expect(at).to_have_attribute("data-item", items[0])
    page.keyboard.press("d")
    expect(at.locator("details")).to_have_attribute("open", "")
    page.keyboard.press("3")
    expect(at.locator("[data-why]")).to_be_visible()
    page.keyboard.press("Escape")  # another grade
    expect(at.locator("[data-why]")).to_be_hidden()
    page.keyboard.press("2")
    page.keyboard.press("2")  # the second reason
    expect(at).to_have_attribute("data-item", items[1])  # it goes on to the next open case
    assert decided() == {items[0]: (2, "a stated wish is not met")}

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(at).to_have_attribute("data-item", items[1])
    page.keyboard.press("0")
    page.keyboard.press("w")
    page.keyboard.type("it is a 3 seater")  # digits in one's own words decide nothing
    assert len(decided()) == 1
    page.keyboard.press("Enter")
    expect(at).to_have_attribute("data-item", items[2])
    assert decided()[items[1]] == (0, "it is a 3 seater")
    expect(page.locator("[data-cases] [data-open]")).to_have_text(str(PAIRS - 2))
    page.keyboard.press("9")  # no grade of this scale
    expect(at.locator("[data-why]")).to_be_hidden()
    assert len(decided()) == 2


def test_a_file_of_another_tool_becomes_a_set_of_its_own_name(
    page: Page, studio_url: str, studio_data: Path, tmp_path: Path
) -> None:
    """Data sets call their files alike: without a name, two of them would become one set."""
    _, made = set_named(studio_data, "Photos")
    labels, words = tmp_path / "qrels.dev.small.tsv", tmp_path / "queries.jsonl"
    labels.write_text("".join(f"7\t0\t{pair.item_id}\t1\n" for pair in made.pairs))
    words.write_text('{"_id": "7", "text": "wooden chair"}\n')
    for name in ("March", "April"):
        page.goto(f"{studio_url}/annotate?catalog=demo&set={made.set_id}")
        expect(page.locator(".vs-desk [data-part=progress]")).to_contain_text("judged")
        page.get_by_role("tab", name="Files").click()
        title = page.locator("#annotate-import-name").locator("input, textarea")
        title.fill("of the file before")
        page.locator("#annotate-import-file input[type=file]").set_input_files(labels)
        expect(page.locator("#annotate-import-file")).to_contain_text("qrels.dev.small")
        expect(title).to_have_value("")  # another file clears the name
        page.locator("#annotate-import-beside input[type=file]").set_input_files(words)
        expect(page.locator("#annotate-import-beside")).to_contain_text("queries")
        title.fill(name)
        page.locator("#annotate-import-go").click()
        expect(page.locator("#annotate-set input")).to_have_value(f"{name} ({PAIRS} pairs)")
        # The summary stays on screen; a button goes on to the desk.
        expect(page.locator("#annotate-import")).to_contain_text(f"{PAIRS} labels were taken in.")
        expect(page.get_by_role("tab", name="Files")).to_have_attribute("aria-selected", "true")
        page.locator("#annotate-import-onward").click()
        expect(page.get_by_role("tab", name="Judge")).to_have_attribute("aria-selected", "true")
    for name in ("March", "April"):
        queue, taken = set_named(studio_data, name)
        assert [(query.query_id, query.text) for query in taken.queries] == [("7", "wooden chair")]
        assert {event.grade for event in queue.current(taken.set_id)} == {1}


def test_a_set_is_renamed_and_removed_on_the_page(
    page: Page, studio_url: str, studio_data: Path, tmp_path: Path
) -> None:
    queue, made = set_named(studio_data, "Photos")
    labels = tmp_path / "old.csv"
    labels.write_text(f"query,docid,rating\nchair,{made.pairs[0].item_id},3\n")
    planned = importing.plan(queue, labels, lambda ids: ids)
    importing.carry_out(queue, planned)
    set_id = planned.judgment_set.set_id
    page.goto(f"{studio_url}/annotate?catalog=demo&set={set_id}")
    expect(page.locator("#annotate-set input")).to_have_value("old (1 pair)")
    page.get_by_role("tab", name="Files").click()
    page.locator("#annotate-set-name").locator("input, textarea").fill("Chairs of May")
    page.locator("#annotate-set-rename").click()
    expect(page.locator("#annotate-set input")).to_have_value("Chairs of May (1 pair)")
    page.locator("#annotate-set-remove").click()
    expect(page.locator("#annotate-set-sure")).to_contain_text(
        "Remove “Chairs of May” with 1 label?"
    )
    page.locator("#annotate-set-sure").get_by_role("button", name="Cancel").click()
    expect(page.locator("#annotate-set-sure")).to_be_hidden()
    page.locator("#annotate-set-remove").click()
    page.locator("#annotate-set-remove-sure").click()
    expect(page.locator("#annotate-set input")).not_to_have_value("Chairs of May (1 pair)")
    queue.sets.look_again()
    assert queue.sets.find(set_id) is None
