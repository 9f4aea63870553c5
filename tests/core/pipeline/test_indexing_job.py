"""The indexing job of a catalogue; ``tests/core/jobs`` tests what all jobs share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.domain import JobState
from core.errors import CatalogBusy
from core.jobs import INTERRUPTED
from core.pipeline.indexing_job import indexing_job, writing


def test_a_second_job_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with indexing_job(tmp_path).begin():
        with pytest.raises(CatalogBusy, match="being indexed already"):
            indexing_job(tmp_path).begin()
        with pytest.raises(CatalogBusy, match="being indexed already"), writing(tmp_path, 0):
            pass
    with writing(tmp_path):
        pass


@pytest.mark.parametrize(
    ("old", "state", "message"),
    [
        (("done", False, "5 items added."), JobState.DONE, "5 items added."),
        (("failed", False, "The disk is full."), JobState.FAILED, "The disk is full."),
        (("stopped", False, "Stopped."), JobState.STOPPED, "Stopped."),
        (("grounding", True, "halfway"), JobState.INTERRUPTED, INTERRUPTED),
    ],
)
def test_a_snapshot_of_an_earlier_version_is_read(
    tmp_path: Path, old: tuple[str, bool, str], state: JobState, message: str
) -> None:
    stage, running, text = old
    values = {"stage": stage, "done": 3, "total": 10, "message": text, "running": running}
    (tmp_path / "progress.json").write_text(json.dumps(values))
    job = indexing_job(tmp_path).read()
    assert job is not None
    assert (job.state, job.progress.done, job.progress.total) == (state, 3, 10)
    assert job.message.startswith(message)
    assert ("--engines" in job.message) == (state is JobState.INTERRUPTED)  # for want of memory
    assert not indexing_job(tmp_path).stop()
    with indexing_job(tmp_path).begin():
        pass


def test_a_broken_snapshot_is_ignored(tmp_path: Path) -> None:
    for text in ('{"stage": "done"', '{"stage": "done"}', '{"stage": [], "done": "x"}'):
        (tmp_path / "progress.json").write_text(text)
        assert indexing_job(tmp_path).read() is None
