"""Several catalogues in one studio: the one in use is seen, switched and carried by every link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.app.library import Library
from core.domain import Item, Photo
from core.settings import load_settings
from core.store.items import ItemRecord

pytestmark = pytest.mark.browser

LAMP = Item("l-1", "Brass lamp", Photo("a" * 64, 10, 10, "0" * 16), product_type="Lamp")


def test_the_catalogue_in_use_is_at_the_head_of_every_page_and_in_every_link(
    page: Page, studio_url: str, studio_data: Path
) -> None:
    page.goto(f"{studio_url}/explore?q=chair")
    expect(page).to_have_url(re.compile(r"catalog=demo"))  # the link to copy says which
    copied = page.url
    garden = Library(load_settings(data_dir=studio_data)).create("garden")
    garden.store.items.upsert([ItemRecord(LAMP, "row")])

    page.goto(f"{studio_url}/explore?q=chair")  # another catalogue changes nothing for anybody
    switcher = page.get_by_role("combobox", name="Catalogue").first
    expect(switcher).to_have_value("demo")
    expect(page).to_have_url(re.compile(r"catalog=demo"))

    switcher.select_option("garden")
    expect(page).to_have_url(re.compile(r"q=chair.*catalog=garden"))
    expect(switcher).to_have_value("garden")
    page.get_by_role("link", name="Compare", exact=True).click()
    expect(page).to_have_url(re.compile(r"/compare\?.*catalog=garden"))
    expect(page.get_by_role("combobox", name="Catalogue").first).to_have_value("garden")

    page.goto(copied)
    expect(page.get_by_role("combobox", name="Catalogue").first).to_have_value("demo")


def test_a_catalogue_is_renamed_removed_and_brought_back(
    page: Page, studio_url: str, studio_data: Path
) -> None:
    tables = Library(load_settings(data_dir=studio_data)).create("tables")
    tables.store.items.upsert([ItemRecord(LAMP, "row")])
    page.goto(f"{studio_url}/catalog?catalog=tables")
    cards = page.locator("#catalog-overview .vs-catalog")
    card = cards.filter(has_text="tables")
    card.get_by_role("button", name="Rename").click()
    page.get_by_label("New title").fill("Garden tables")
    page.get_by_role("button", name="Save the title").click()
    expect(card.get_by_role("heading")).to_contain_text("Garden tables")
    expect(page.locator("#vs-switcher option", has_text="Garden tables")).to_have_count(1)

    card.get_by_role("button", name="Remove").click()
    expect(page.locator("#catalog-remove")).to_contain_text("Remove “Garden tables”?")
    page.get_by_role("button", name="Cancel").last.click()
    expect(card).to_be_visible()
    card.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove it").click()
    expect(card).to_have_count(0)
    expect(page).to_have_url(re.compile(r"catalog=(?!tables)"))  # the links leave it, too

    page.locator("summary", has_text="Removed catalogues").click()
    page.get_by_role("button", name="Restore").click()
    expect(card.get_by_role("heading")).to_contain_text("Garden tables")


def test_a_link_to_a_catalogue_that_is_gone_says_so_and_shows_no_other(
    page: Page, studio_url: str
) -> None:
    for path, place in (("inspect?item=l-1&", "#inspect"), ("explore?q=x&", "#explore-results")):
        page.goto(f"{studio_url}/{path}catalog=nope")
        expect(page.locator(place)).to_contain_text("There is no catalogue “nope”")
        expect(page.get_by_role("combobox", name="Catalogue").first).to_have_value("nope")
        expect(page.locator(".toast-body.error")).to_have_count(0)
    page.goto(f"{studio_url}/evaluate?catalog=nope")
    expect(page.get_by_text("There is no catalogue “nope”").first).to_be_visible()


@pytest.mark.parametrize("path", ["evaluate", "experiments"])
def test_no_page_of_the_header_is_cut_on_a_phone(page: Page, studio_url: str, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{studio_url}/{path}")
    row = page.locator(".vs-page-row")
    expect(row).to_be_visible()
    assert row.evaluate("row => row.scrollWidth - row.clientWidth") <= 0


def test_the_other_pages_stand_behind_more_also_for_the_keyboard(
    page: Page, studio_url: str
) -> None:
    page.goto(f"{studio_url}/explore")
    more = page.locator("#vs-header .vs-more-pages > summary")
    link = page.get_by_role("link", name="Annotate")
    expect(more).to_have_text("More")
    expect(link).to_be_hidden()
    more.focus()
    page.keyboard.press("Enter")
    expect(link).to_contain_text("Grade search results")
    page.keyboard.press("Escape")
    expect(link).to_be_hidden()
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    link.click()
    page.wait_for_url(re.compile(r"/annotate(\?|$)"))
    expect(more).to_contain_text("Annotate")


def test_on_a_phone_the_row_of_pages_shows_where_one_is(page: Page, studio_url: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{studio_url}/catalog")
    here = page.locator("#vs-header summary[aria-current]")
    expect(here).to_contain_text("Catalog")
    expect(here).to_be_in_viewport(ratio=0.99)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
