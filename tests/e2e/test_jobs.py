"""Long work on the Catalog page of a served studio; the job itself runs in this process."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.domain import JobState, Progress
from core.errors import CatalogBusy, CatalogError
from core.jobs import JobFile, JobReporter, Stage
from core.pipeline.indexing_job import indexing_job

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def studio_url(own_process: str) -> str:
    """Address of a studio in a process of its own, which has to see the jobs of this one."""
    return own_process


@contextmanager
def begun(job: JobFile, stages: tuple[Stage, ...] = (), author: str = "") -> Iterator[JobReporter]:
    """Begin a job; wait for the server's own one, which updates the demo after it has started."""
    with ExitStack() as stack:
        for _ in range(1500):
            try:
                reporter = stack.enter_context(job.begin(stages, author=author))
                break
            except CatalogBusy:
                time.sleep(0.2)
        yield reporter


def test_a_job_of_another_process_is_seen_refuses_a_second_and_is_stopped(
    page: Page, studio_url: str, studio_data: Path
) -> None:
    job = indexing_job(studio_data / "catalogs" / "demo")
    with begun(job) as earlier:
        earlier.end(JobState.STOPPED, "Stopped.")
    page.goto(f"{studio_url}/catalog?catalog=demo")
    card = page.locator("#catalog-overview .vs-catalog", has_text="Demo")
    expect(page.locator("#catalog-demo")).to_be_visible()
    with begun(job, (Stage("grounding", 729, 1.0),), "ada") as reporter:
        page.goto(f"{studio_url}/catalog?catalog=demo")
        expect(card).to_contain_text(re.compile(r"Grounding 0 of 729, .+ left"))
        page.locator("#catalog-demo").click()
        notice = page.locator("#catalog-notice")
        expect(notice).to_contain_text("“demo” is being indexed already")
        reporter.step(Progress("grounding", 1, 729))
        expect(card).to_contain_text("Grounding 1 of 729")  # told anew, and the notice stays
        expect(notice).to_contain_text("“demo” is being indexed already")
        page.locator("#catalog-notice-dismiss").click()
        expect(notice).to_be_hidden()
        card.get_by_role("button", name="Stop indexing").click()
        expect(card).to_contain_text("It was asked to stop")
        assert reporter.step(Progress("grounding", 2, 729))
        reporter.end(JobState.STOPPED, "Stopped. Run it again to go on.")
    expect(card).to_contain_text("Indexing was stopped at grounding 2 of 729. Stopped.")


def test_a_failure_stays_on_the_page_until_it_is_dismissed(
    page: Page, studio_url: str, studio_data: Path
) -> None:
    job = indexing_job(studio_data / "catalogs" / "demo")
    try:
        with begun(job) as reporter:
            reporter.step(Progress("reading", 3, 729))
            raise CatalogError("<b>The file is damaged.</b>")
    except CatalogError:
        pass
    for _ in range(2):  # also when the page is opened again
        page.goto(f"{studio_url}/catalog?catalog=demo")
        card = page.locator("#catalog-overview .vs-catalog", has_text="Demo")
        expect(card).to_contain_text("Indexing failed at reading 3 of 729.")
        expect(card).to_contain_text("<b>The file is damaged.</b>")
    card.get_by_role("button", name="Dismiss the message").click()
    expect(card).not_to_contain_text("damaged")
