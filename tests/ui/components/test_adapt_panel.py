from __future__ import annotations

from core.app.training_jobs import AdaptState
from core.domain import EngineScores, Job, JobState, Progress, Ranking, Report, Score
from core.training.runs import AdaptRun
from tests.ui.shop import HOSTILE
from ui.components.adapt_panel import MEASURES, state_html

PREPARING = Progress("preparing", 0, 1)


def run(
    stands: JobState = JobState.RUNNING, progress: Progress = PREPARING, message: str = "",
    report: str = "",
) -> AdaptRun:  # fmt: skip
    job = Job("1", "fine-tuning", "mine", stands, progress, message)
    return AdaptRun(job, "mine", "demo", "vl-clip", report)


def state(**changes: object) -> AdaptState:
    base: dict = {
        "catalog": "demo", "bases": (), "why_not": "", "run": None, "report": None,
        "verdicts": (), "curve": "", "mine": (), "chosen": "",
    }  # fmt: skip
    return AdaptState(**base | changes)


def report() -> Report:
    engines = tuple(
        EngineScores(
            name, HOSTILE, "f", {m: Score(value, value - 0.1, value + 0.1) for m in MEASURES}
        )
        for name, value in (("vl-clip", 0.3), ("mine", 0.4))
    )
    return Report(
        report_id="demo-adapted-1", catalog="demo", task="adapted", title="Held out",
        created="2026-11-24T12:00:00", ranking=Ranking.IMAGE, depth=100, queries=90, items=729,
        measures=MEASURES, main="mrr", engines=engines, tests=(), rows=(), slices=(), notes=(),
    )  # fmt: skip


def test_a_running_run_shows_how_far_it_is() -> None:
    html = state_html(state(run=run(progress=Progress("training", 30, 60, "", 130))))
    assert "step 30 of 60 at most, about 2 minutes left" in html
    assert 'aria-valuenow="50"' in html
    assert "getting the items ready" in state_html(state(run=run()))


def test_before_and_after_with_intervals_and_a_verdict() -> None:
    ended = run(JobState.DONE, report="demo-adapted-1")
    said = ("mine is better.",)
    html = state_html(state(run=ended, report=report(), verdicts=said, curve="<svg/>"))
    assert "data:image/svg+xml;base64,PHN2Zy8+" in html
    assert "mine is better." in html
    assert "0.400" in html
    assert "0.300–0.500" in html
    assert "/evaluate?report=demo-adapted-1" in html
    assert "<img src=x" not in html


def test_failures_and_small_catalogues_are_sentences() -> None:
    failed = run(JobState.FAILED, message="<b>No.</b>")
    assert "did not end. &lt;b&gt;No." in state_html(state(run=failed))
    assert "too small" in state_html(state(why_not="This catalogue is too small."))
    assert "answers where no engine is chosen" in state_html(state(chosen="mine"))
