"""Checks of experiments' logs: ``studio.checks``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.app.experimenting import ExperimentService
from core.experiments.aa_tests import AATest, OnSplit, run_aa_tests
from core.experiments.model import Experiment, ExperimentKind, Variant

#: Id that stands for the events outside of all experiments.
_NONE = "none"


class ExperimentChecks:
    """Uses the logs of experiments; several threads and processes may do so at once.

    Args:
        experiments: The experiments and their log.
    """

    def __init__(self, experiments: ExperimentService) -> None:
        self._experiments = experiments

    def aa_tests(
        self,
        experiment_id: str = "",
        splits: int = 1000,
        *,
        seed: int = 1,
        on_split: OnSplit = lambda _: None,
        **changes: Any,
    ) -> AATest:
        """Split the visitors of a log at random, many times, and count false alarms by metric.

        Args:
            experiment_id: Whose log; empty: the only experiment's, or, where there is none, all
                events that were taken in.
            splits: Number of random splits.
            seed: Of the random numbers.
            on_split: Called with the number of splits so far.
            changes: Fields of the experiment that the test takes otherwise, such as ``cap``.

        Raises:
            ExperimentError: There is no such experiment, or its log has too few visitors.
        """
        if experiment_id or self._experiments.all():
            experiment = self._experiments.get(experiment_id)
        else:
            experiment = Experiment(_NONE, "No experiment", variants=(Variant("1"), Variant("2")))
        # Any log's visitors can be split; those of interleaving saw the same lists.
        split = replace(experiment, kind=ExperimentKind.AB, **changes)
        return run_aa_tests(split, self._experiments.frame(experiment.id), splits, seed, on_split)
