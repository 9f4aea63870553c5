"""Experiments as files: ``DATA_DIR/experiments/ID.json``, each written whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from core.base.locks import WRITE, file_lock
from core.base.shared_files import Version, latest_in, read_to_change, share
from core.errors import ExperimentError, no_experiment
from core.experiments.model import Experiment, id_from
from core.store.saving import saving

_log = logging.getLogger(__name__)


class ExperimentStore:
    """All experiments of a data directory; several processes may change them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[Experiment, ...]:
        """Return the experiments by id; a file that can't be read is left out and logged."""
        experiments = []
        for path in sorted(latest_in(self._folder, "*.json")):
            try:
                experiments.append(self._read(path))
            except ExperimentError as error:
                _log.warning("%s", error)
        return tuple(experiments)

    def get(self, experiment_id: str) -> Experiment:
        """Return one experiment.

        Raises:
            ExperimentError: There is none of that id, or its file can't be read.
        """
        names = {path.stem: path for path in latest_in(self._folder, "*.json")}
        if experiment_id not in names:
            raise no_experiment(experiment_id, sorted(names))
        return self._read(names[experiment_id])

    def has(self, experiment_id: str) -> bool:
        """Tell whether there is an experiment of that id."""
        return any(path.stem == experiment_id for path in latest_in(self._folder, "*.json"))

    def add(self, experiment: Experiment) -> Experiment:
        """Store a new experiment; in an exclusion group, its slot must be free.

        Raises:
            ExperimentError: Its id is taken, or its slot overlaps another experiment's.
        """
        with self._lock():
            if self.has(experiment.id):
                raise ExperimentError(
                    f"There is an experiment “{experiment.id}” already; choose another name."
                )
            self._write(experiment)
        return experiment

    def change(self, experiment_id: str, change: Callable[[Experiment], Experiment]) -> Experiment:
        """Store what ``change`` makes of an experiment; others wait meanwhile."""
        with self._lock():
            path = self._folder / f"{self.get(experiment_id).id}.json"
            version = read_to_change(path)
            changed = change(self._read(path))
            self._write(changed, version)
        return changed

    def free_id(self, name: str) -> str:
        """Return a short name made of ``name`` that no experiment has."""
        stem, number = id_from(name), 1
        free = stem
        while self.has(free):
            number += 1
            free = f"{stem[:55]}-{number}"
        return free

    def with_slot(self, experiment: Experiment, width: float) -> Experiment:
        """Return the experiment with the first free slot of its group that is wide enough.

        Raises:
            ExperimentError: The group has no such room.
        """
        if not experiment.group:
            return experiment
        start = 0.0
        for low, high in sorted(other.slot for other in self._others(experiment)):
            if low - start >= width - 1e-9:
                break
            start = max(start, high)
        if start + width > 1 + 1e-9:
            raise ExperimentError(
                f"The group “{experiment.group}” has no free share of {width:g}: stop one of its "
                "experiments, or take a smaller share."
            )
        return replace(experiment, slot=(start, min(1.0, start + width)))

    def _others(self, experiment: Experiment) -> list[Experiment]:
        return [
            other
            for other in self.all()
            if other.group == experiment.group
            and other.id != experiment.id
            and other.status != "stopped"
        ]

    def _write(self, experiment: Experiment, over: Version | None = None) -> None:
        for other in self._others(experiment) if experiment.group else ():
            if other.slot[0] < experiment.slot[1] and experiment.slot[0] < other.slot[1]:
                raise ExperimentError(
                    f"In the group “{experiment.group}”, “{other.id}” has some of these units "
                    f"(slot {other.slot[0]:g} to {other.slot[1]:g})."
                )
        text = json.dumps(experiment.as_dict(), ensure_ascii=False, indent=1)
        with saving("The experiment"):
            share(self._folder / f"{experiment.id}.json", text, over=over)

    def _read(self, path: Path) -> Experiment:
        try:
            return Experiment.from_dict(json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, ExperimentError) as error:
            raise ExperimentError(f"The experiment {path} can't be read: {error}") from None

    def _lock(self) -> AbstractContextManager[None]:
        return file_lock(self._folder / ".experiments.lock", WRITE)
