"""Evaluate in a real browser: run a task, read the verdict, open a query in Compare."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_task_is_measured_and_a_query_opens_in_compare(page: Page, studio_url: str) -> None:
    page.goto(f"{studio_url}/evaluate?catalog=demo")
    # Without a report, or with the demo's own, which is measured in the background after a start.
    expect(page.locator("#evaluate-report")).to_contain_text(
        re.compile("No report yet|Measured|MRR")
    )
    task = page.locator("#evaluate-task input")
    if not task.is_visible():
        page.locator("#evaluate-new").click()
    task.click()
    page.get_by_role("option", name="Item → items of its type").click()
    page.locator("#evaluate-go").click()
    report = page.locator("#evaluate-report")
    expect(report.locator(".ev-verdicts")).to_contain_text("CLIP")
    expect(report.locator(".ev-table").first).to_contain_text("P@5")
    expect(page).to_have_url(re.compile("report=demo-same-type-"))
    report.locator(".ev-query a").first.click()
    expect(page).to_have_url(re.compile(r"/compare\?"))
    expect(page.locator("#compare-results .vs-column")).to_have_count(2)
