"""From the demo to a verdict in a real browser: create, simulate a week, read, save."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_look import faults

pytestmark = pytest.mark.browser

#: Texts are pale until then.
STILL = "document.getAnimations().length === 0"


def test_an_experiment_goes_from_set_up_to_verdict_and_files(
    page: Page, studio_url: str, tmp_path: Path
) -> None:
    page.goto(f"{studio_url}/experiments")
    expect(page.locator("#experiments-list")).to_contain_text("No experiment yet.")
    page.locator("#experiments-new").click()
    page.locator("#experiments-create").click()
    expect(page.locator("#experiments-notice")).to_contain_text("Give the experiment a name.")
    page.locator("#experiments-name input, #experiments-name textarea").fill("Words and crops")
    page.locator("#experiments-create").click()
    shown = page.locator("#experiments-shown")
    expect(shown).to_contain_text("It has not started.")
    expect(shown).to_contain_text("Click-through rate")
    expect(page).to_have_url(re.compile("experiment=words-and-crops"))
    expect(page.locator("#experiments-form")).not_to_be_visible()
    page.wait_for_function(STILL)
    assert faults(page) == []

    page.locator("#experiments-simulate").click()
    decision = shown.locator(".xr-decision")
    expect(decision).to_contain_text("Its visitors were simulated", timeout=240_000)
    expect(decision).to_contain_text("Click-through rate")
    expect(shown.locator(".xr-chart .xr-lift").first).to_be_visible()
    expect(page.locator("#experiments-list")).to_contain_text("simulated")
    expect(page.locator("#experiments-start")).not_to_be_visible()
    page.wait_for_function(STILL)
    assert faults(page) == []

    with page.expect_download() as report:
        shown.get_by_role("link", name="one HTML file").click()
    html = Path(report.value.path()).read_text("utf-8")
    assert "Its visitors were simulated" in html
    with page.expect_download() as events:
        shown.get_by_role("link", name="its events as CSV").click()
    with Path(events.value.path()).open(encoding="utf-8", newline="") as file:
        kinds = {row["kind"] for row in csv.DictReader(file)}
    assert {"search", "exposure", "click"} <= kinds
