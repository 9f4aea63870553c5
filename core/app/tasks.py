"""All named evaluation tasks: tasks that only measure, and tasks that fine-tune first.

Imports no model, because pages show the list before any run starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.app import ablation
from core.app.evaluating import EvaluationService
from core.app.library import Library
from core.domain import COMPACT, EvalTask, OnProgress, Report, no_progress
from core.evaluation.departments import (
    FIFTHS,
    LEAST_LEFT_OUT,
    TRANSFER,
    TRANSFER_TYPES,
    departments,
    type_parts,
)
from core.settings import Settings
from core.training.pair_sources import LEAST_ITEMS

if TYPE_CHECKING:
    from core.app.trials import TrialService

#: Name of the ablation that fine-tunes each combination, too.
TUNED_ABLATION = "ablation-tuned"
#: Seconds of one fine-tuning per item, on two free cores (IKEA: 2,187 items in 153 s).
_SECONDS_PER_ITEM = 0.07


class TaskService:
    """Lists and runs the named tasks.

    Args:
        library: The catalogues.
        settings: Settings with the profile.
        evaluation: Runs tasks that only measure.
        trials: Returns the service that runs the others; called when such a task starts.
    """

    def __init__(
        self, library: Library, settings: Settings, evaluation: EvaluationService,
        trials: Callable[[], TrialService],
    ) -> None:  # fmt: skip
        self._library, self._settings = library, settings
        self._evaluation, self._trials = evaluation, trials

    def all(self, catalog: str | None = None) -> tuple[EvalTask, ...]:
        """Return the tasks and whether the catalogue has the data for each."""
        records = self._library.get(catalog).store.items.records()
        quick = self._evaluation.tasks_among(records)
        items = [record.item for record in records.values()]
        named = departments(items)
        parts = next(task for task in quick if task.name == ablation.TASK)
        why_not = parts.reason or self._why_not(len(items))
        apart = why_not or (
            "" if len(named) > 1 else f"It needs two departments with {LEAST_LEFT_OUT} items each."
        )
        tuned = replace(
            parts, name=TUNED_ABLATION, title="Ablation, fine-tuned too (minutes)",
            explanation="What does each of the two bring, before and after fine-tuning on it? "
            + _takes(len(ablation.CELLS), len(items)),
            available=not why_not, reason=why_not,
        )  # fmt: skip
        left_out = EvalTask(
            TRANSFER, "Transfer to a department left out (minutes)",
            "Does fine-tuning help on a kind of product that it never saw? Each department is left "
            f"out in turn. {_takes(len(named), len(items))}",
            not apart, apart,
        )  # fmt: skip
        too_few = why_not or (
            ""
            if type_parts(items)
            else f"It needs product types for {FIFTHS} parts with {LEAST_LEFT_OUT} items each."
        )
        types = EvalTask(
            TRANSFER_TYPES, "Transfer to product types left out (minutes)",
            "Does fine-tuning help on types of product that it never saw? A fifth of the types is "
            f"left out in turn. {_takes(FIFTHS, len(items))}",
            not too_few, too_few,
        )  # fmt: skip
        return (*quick, tuned, left_out, types)

    def run(
        self,
        task: str,
        engines: Sequence[str],
        catalog: str | None = None,
        *,
        on_progress: OnProgress = no_progress,
    ) -> Report:
        """Run a task; raises as ``EvaluationService.run_task`` and ``TrialService`` do."""
        if task == TUNED_ABLATION:
            return self._trials().ablation(engines, catalog, on_progress=on_progress)
        if task in (TRANSFER, TRANSFER_TYPES):
            return self._trials().transfer(engines, catalog, on_progress=on_progress, task=task)
        return self._evaluation.run_task(task, engines, catalog, on_progress=on_progress)

    def _why_not(self, items: int) -> str:
        if self._settings.recipe.engines != COMPACT:
            return "Fine-tuning for a comparison runs in the compact profile."
        return "" if items >= LEAST_ITEMS else f"Fine-tuning needs {LEAST_ITEMS} items at least."


def _takes(trainings: int, items: int) -> str:
    minutes = max(1, round(trainings * items * _SECONDS_PER_ITEM / 60))
    return (
        f"It fine-tunes {trainings} times: about {minutes} "
        f"minute{'s' if minutes > 1 else ''} on two free cores, more on busy ones. It can be "
        "stopped, and goes on from there."
    )
