from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from core.app.agent_jobs import AgentState
from core.domain import RewriteProgress, RewriteReport, Spent, Usage
from core.language.orders import AgentJob, AgentOrder
from tests.ui.shop import HOSTILE
from ui.components.agent_panel import percent, state_html

SPENT = Spent(Usage(calls=4, input_tokens=400), 0.12)
RUNNING = RewriteProgress(40, done=9, failed=1, spent=SPENT, to_go=0.36)


def state(off: str = "", job: AgentJob | None = None) -> AgentState:
    return AgentState("demo", off, "" if off else "claude-test", 0 if off else 31, SPENT, job)


def test_without_a_key_it_says_what_to_set() -> None:
    html = state_html(state(off="Set ANTHROPIC_API_KEY."))
    assert "Set ANTHROPIC_API_KEY." in html
    assert "left to describe" not in html


def test_a_running_job_shows_how_far_it_is_and_what_it_costs() -> None:
    html = state_html(state(job=AgentJob("demo", "ada", AgentOrder(dollars=2), RUNNING)))
    assert percent(RUNNING) == 25
    assert 'aria-valuenow="25"' in html
    for said in ("9 of 40", "1 without usable words", "$0.1200", "about $0.36 to go", "$2.00"):
        assert said in html


def test_an_ended_job_says_how_it_went_and_names_what_is_left() -> None:
    report = RewriteReport(RUNNING, {HOSTILE: HOSTILE}, "The budget of $2 is used up.", 9)
    html = state_html(state(job=AgentJob("demo", "ada", AgentOrder(), RUNNING, report)))
    assert "Stopped early: The budget of $2 is used up." in html
    assert "31 items of demo left" in html
    assert "<img" not in html
    failed = state_html(state(job=AgentJob("demo", "ada", AgentOrder(), problem="Busy.")))
    assert "It did not start:</strong> Busy." in failed


def test_after_a_restart_it_tells_of_the_last_job_and_of_batches() -> None:
    job = AgentJob("demo", HOSTILE, AgentOrder(), RUNNING, cut_off=True)
    since = datetime(2026, 11, 24, 9, 5, tzinfo=UTC)
    html = state_html(replace(state(job=job), batches=2, questions=1200, since=since))
    assert "The app ended in the middle of the last job</strong> (9 of 40 described)" in html
    assert (
        "2 batches with 1,200 questions</strong> (the first handed in on 24 November, 09:05" in html
    )
    assert "Start the agent again to fetch what is ready" in html
    assert "<img" not in html
    assert "not fetched" not in state_html(state())


def test_a_job_of_another_process_is_told() -> None:
    html = state_html(replace(state(), elsewhere=True))
    assert "A job of another process is at work" in html
    running = AgentJob("demo", "ada", AgentOrder(dollars=2), RUNNING)
    assert "in another process" in state_html(replace(state(job=running), elsewhere=True))
