"""Reports on the demo: those that ship are taken in, the others are measured once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.app.evaluating import EvaluationService
from core.app.judging import JudgingService
from core.app.library import DEMO
from core.app.shipped_judgments import ShippedJudgments
from core.catalog import demo
from core.domain import OnProgress, Report
from core.errors import StudioError
from core.settings import Settings

#: Engines that the demo compares: without and with the paper's method.
BEFORE_AFTER = ("clip", "vl-clip")
#: The task that is measured where no report ships.
TASK = "same-type"
_log = logging.getLogger(__name__)


class DemoMeasures:
    """Sees to it that the demo has its reports."""

    def __init__(
        self,
        settings: Settings,
        evaluation: EvaluationService,
        judging: JudgingService,
        shipped: ShippedJudgments,
    ) -> None:
        self._settings = settings
        self._evaluation = evaluation
        self._judging = judging
        self._shipped = shipped

    def measure(self) -> None:
        """Take in the ablation that ships, and measure the engines if that was not done yet.

        It takes seconds, and no model.
        """
        self.take_in_ablation()
        if self._evaluation.latest(DEMO, BEFORE_AFTER) is None:
            self._run(
                TASK,
                lambda tell: self._evaluation.run_task(TASK, BEFORE_AFTER, DEMO, on_progress=tell),
            )

    def measure_judgments(self) -> None:
        """Measure the engines on the demo's judgment set, once per version.

        A report of this version ships; where it does not fit the engines here, models are loaded.
        """
        shipped = self._shipped
        set_id, version = shipped.set_id(), shipped.version_note()
        if not set_id or self._judging.queue(DEMO).sets.find(set_id) is None:
            return
        self._take_in(shipped.report_path)
        report = self._evaluation.latest(DEMO, BEFORE_AFTER, set_id)
        if report is None or version not in report.notes:
            about = shipped.about(DEMO, set_id).replace("\n", " ")

            def measured(tell: OnProgress) -> Report:
                report = self._judging.evaluate(
                    set_id, BEFORE_AFTER, catalog=DEMO, on_progress=tell
                )
                return replace(report, notes=(*report.notes, about, version))

            self._run(set_id, measured)

    def take_in_ablation(self) -> None:
        """Take in the ablation that ships; Home shows it while the demo is indexed."""
        self._take_in(demo.ablation_path())

    def _take_in(self, report: Path) -> None:
        if self._settings.profile != "compact":  # whose engines it is on
            return
        try:
            self._evaluation.reports.take_in(report)
        except StudioError as error:  # what is measured here is shown without it
            _log.warning("%s", error)

    def _run(self, task: str, work: Callable[[OnProgress], Report]) -> None:
        report = self._evaluation.jobs.run(DEMO, task, len(BEFORE_AFTER), work)
        self._evaluation.reports.add(report)
