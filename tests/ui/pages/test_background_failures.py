"""Work that ends badly says so on the page that began it, also after a restart.

Indexing: test_catalog.py. The agent: tests/core/language/test_agent_jobs.py, and its panel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from core.app.studio import Studio
from core.domain import OnProgress, Report
from core.errors import EvaluationError
from core.jobs import BegunJob
from core.jobs.reporter import JobReporter
from core.settings import load_settings
from tests import whole
from tests.ui.pages.test_catalog import request, text_of
from ui.checked_blocks import CheckedBlocks
from ui.components.adapt_panel import adapt_panel
from ui.pages import evaluate

FULL = OSError(28, "No space left on device")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    whole.fill(tmp_path)
    return Studio(load_settings(data_dir=tmp_path))


def handlers(build: Any, *given: Any) -> dict[str, Any]:
    with CheckedBlocks() as page:
        catalog = gr.Dropdown()
        build(*given, *([catalog] if build is adapt_panel else [page]))
    return {fn.fn.__name__: fn.fn for fn in page.fns.values() if fn.fn is not None}


def test_a_training_that_fails(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = studio.adapting._runs

    def begin(name: str, catalog: str, base: str, author: str) -> BegunJob[Report]:
        reporter = runs.job.begin(subject=name, details={"catalog": catalog, "base": base})

        def work(reporter: JobReporter) -> Report:
            raise FULL

        return BegunJob(reporter, work)

    monkeypatch.setattr(studio.adapting, "begin", begin)
    handlers(adapt_panel, studio)["start"](whole.NAME, "clip", "mine", request())
    studio.jobs.wait()
    for again in (studio, Studio(studio.settings)):
        shown = text_of(handlers(adapt_panel, again)["refresh"](whole.NAME))
        assert "mine" in shown
        assert "did not end" in shown
        assert "No space left on device" in shown


@pytest.mark.parametrize("error", [EvaluationError("The queries are gone."), FULL])
def test_an_evaluation_that_fails(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    page = handlers(evaluate.build, studio)

    def run(task: str, engines: object, catalog: str, on_progress: OnProgress) -> Report:
        raise error

    monkeypatch.setattr(studio.tasks, "run", run)
    given = (whole.NAME, "same-type", ["clip"], request(), lambda *_, **__: None)
    if isinstance(error, EvaluationError):
        assert "The queries are gone." in text_of(page["evaluate"](*given))
    else:
        with pytest.raises(gr.Error, match="went wrong on our side"):
            page["evaluate"](*given)
    for again in (studio, Studio(studio.settings)):
        shown = text_of(handlers(evaluate.build, again)["ended"](whole.NAME))
        assert "same-type" in shown
        assert str(error.args[-1]) in shown
