"""Reports that ship: taken in once, and a damaged one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.demo import ablation_path
from core.errors import EvaluationError
from core.evaluation.report_store import ReportStore


def test_a_shipped_report_is_taken_in_once(tmp_path: Path):
    store = ReportStore(tmp_path)
    for _ in range(2):
        store.take_in(ablation_path())
    (report_id,) = store.ids()
    assert store.get(report_id).task == "ablation"


@pytest.mark.parametrize("text", [None, "", "{}", "[1"])
def test_a_report_that_can_not_be_read_is_named(tmp_path: Path, text: str | None):
    path = tmp_path / "shipped.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(EvaluationError, match=r"shipped\.json"):
        ReportStore(tmp_path / "reports").take_in(path)
