from __future__ import annotations

from core.domain import RewriteProgress, RewriteReport, Spent, Usage
from core.language.desk import AgentJob, AgentOrder, AgentState
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
