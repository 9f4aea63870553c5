"""Files from a real browser: a picture to search with, a catalogue to index."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from core.catalog import demo

pytestmark = pytest.mark.browser


def test_a_picture_is_searched_with_and_shown(page: Page, studio_url: str) -> None:
    photo, _ = demo.room_photos()[0]
    page.goto(f"{studio_url}/explore")
    expect(page.locator("#explore-results .vs-card").first).to_be_visible()
    page.locator(".vs-picture-input input[type=file]").first.set_input_files(photo)
    expect(page.locator("#explore-results")).to_contain_text("photo: ")
    expect(page.locator("#explore-results .vs-card").first).to_be_visible()
    shown = page.locator(".vs-picture-input img").first
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.naturalWidth") > 0
    address = shown.get_attribute("src") or ""
    assert "/gradio_api/file=" in address
    other = page.context.browser.new_context()  # type: ignore[union-attr]
    assert page.request.get(address).status == 200
    assert other.request.get(address).status == 404
    other.close()


def test_a_catalogue_is_added_from_the_browser(
    page: Page, studio_url: str, studio_data: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (64, 64), "olive").save(tmp_path / "stool.jpg")
    (tmp_path / "stools.csv").write_text("id,title,image\ns1,Olive stool,stool.jpg\n")
    page.goto(f"{studio_url}/catalog")
    page.get_by_role("button", name="Add or update a catalogue").click()
    for place, name in ((1, "stool"), (0, "stools")):  # a field that has its file is no field
        (file,) = tmp_path.glob(f"{name}.*")
        page.locator("#catalog-add input[type=file]").nth(place).set_input_files(file)
        expect(page.locator("#catalog-add").get_by_text(name, exact=True)).to_be_visible()
    page.locator("#catalog-index").click()
    added = page.locator("#catalog-overview .vs-catalog", has_text="stools")
    expect(added).to_contain_text("1 item", timeout=120_000)
    for _ in range(240):  # what was uploaded goes when the run has ended
        if not list((studio_data / "uploads").iterdir()):
            return
        page.wait_for_timeout(500)
    pytest.fail("The uploaded files are still there.")


def test_on_a_phone_a_room_photo_leads_to_its_results(page: Page, studio_url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{studio_url}/explore")
    page.get_by_role("button", name="Picture and filters").click()
    page.locator(".vs-side .vs-thumb").first.click()
    expect(page.locator(".vs-side")).to_be_hidden()
    expect(page.locator("#explore-results .vs-anchor")).to_be_in_viewport()
