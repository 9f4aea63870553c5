from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from core.app.agent_jobs import AgentState
from core.domain import Job, JobState, Progress, RewriteProgress, RewriteReport, Spent, Usage
from core.language.orders import AgentDetails, AgentOrder
from tests.ui.shop import HOSTILE
from ui.components.agent_panel import state_html

SPENT = Spent(Usage(calls=4, input_tokens=400), 0.12)
RUNNING = RewriteProgress(total=40, done=9, failed=1, spent=SPENT, to_go=0.36)


def state(off: str = "", job: Job | None = None, **details: Any) -> AgentState:
    name, left = ("", 0) if off else ("claude-test", 31)
    return AgentState("demo", off, name, left, SPENT, job, AgentDetails(**details))


def job(stands: JobState = JobState.RUNNING, message: str = "", **more: Any) -> Job:
    progress = Progress("describing", 10, 40, seconds_left=120)
    return Job("1", "rewriting", "demo", stands, progress, message, "ada", **more)


def test_without_a_key_it_says_what_to_set() -> None:
    html = state_html(state(off="Set ANTHROPIC_API_KEY."))
    assert "Set ANTHROPIC_API_KEY." in html
    assert "left to describe" not in html


def test_a_running_job_shows_how_far_it_is_what_it_costs_and_the_time_left() -> None:
    html = state_html(state(job=job(), order=AgentOrder(dollars=2), progress=RUNNING))
    assert RUNNING.percent == 25
    assert 'aria-valuenow="25"' in html
    for said in (
        "9 of 40", "1 without a usable text", "$0.1200", "about $0.36 to go", "$2.00",
        "about 2 minutes left", "Started by ada",
    ):  # fmt: skip
        assert said in html


def test_before_the_first_answer_there_are_a_total_and_the_time_left() -> None:
    html = state_html(state(job=job()))
    assert "0 of 40</strong> described, about 2 minutes left" in html


def test_an_ended_job_says_how_it_went_and_names_what_is_left() -> None:
    report = RewriteReport(RUNNING, {HOSTILE: HOSTILE}, "The budget of $2 is used up.", 9)
    html = state_html(state(job=job(JobState.DONE), progress=RUNNING, report=report))
    assert "Stopped early: The budget of $2 is used up." in html
    assert "31 items of demo left" in html
    assert "<img" not in html
    failed = state_html(state(job=job(JobState.FAILED, "<b>Busy.</b>")))
    assert "It failed.</strong>" in failed
    assert "&lt;b&gt;Busy." in failed


def test_after_a_restart_it_tells_of_the_last_job_and_of_batches() -> None:
    last = replace(job(JobState.INTERRUPTED, "Start it again."), author=HOSTILE)
    since = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
    html = state_html(
        replace(state(job=last, progress=RUNNING), batches=2, questions=1200, since=since)
    )
    assert "It was interrupted (9 of 40 described).</strong>" in html
    assert "Start it again." in html
    assert (
        "2 batches with 1,200 questions</strong> (the first handed in on 24 November, 09:05" in html
    )
    assert "Start the agent again to fetch what is ready" in html
    assert "<img" not in html
    assert "not fetched" not in state_html(state())
