"""Online experiments for pages and commands: ``studio.experiments``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.base.atomic import replacing
from core.base.lazy import lazy
from core.errors import ExperimentError
from core.experiments.assignment import Assignment, assign
from core.experiments.behaviour_events import Event
from core.experiments.behaviour_metrics import metrics_of
from core.experiments.event_log import EventLog
from core.experiments.experiment_result import Result
from core.experiments.experiment_store import ExperimentStore
from core.experiments.import_report import ImportReport
from core.experiments.log_import import LogImport, OnRows
from core.experiments.model import GUARDRAILS, Experiment, ExperimentKind, ExperimentStatus
from core.settings import Settings

if TYPE_CHECKING:
    from core.experiments.interleaving_verdict import QueryPreference

#: Folder of experiments in a data directory, and of the database in it.
FOLDER, DATABASE = "experiments", "lance"
_ENDINGS = (".csv", ".jsonl", ".parquet")


class ExperimentService:
    """Sets experiments up, assigns units, takes events in, and analyses them.

    It needs no catalogue and no model; several threads and processes may use it at once.

    Args:
        data_dir: The data directory.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self.store = ExperimentStore(self._folder)

    @classmethod
    def from_settings(cls, settings: Settings) -> ExperimentService:
        """Create the service of a data directory."""
        return cls(settings.data_dir)

    @lazy
    def log(self) -> EventLog:
        """The log of all events."""
        return EventLog(self._folder / DATABASE)

    def all(self) -> tuple[Experiment, ...]:
        """Return all experiments by id."""
        return self.store.all()

    def get(self, experiment_id: str = "") -> Experiment:
        """Return one experiment; an empty id is the only one that there is.

        Raises:
            ExperimentError: There is none of that id, or no id was given and there are several.
        """
        if experiment_id:
            return self.store.get(experiment_id)
        experiments = self.all()
        if len(experiments) == 1:
            return experiments[0]
        if not experiments:
            raise ExperimentError(
                "No experiment was set up or imported. Set one up with `experiments create`, or "
                "take a log in with `experiments import FILE`."
            )
        names = ", ".join(experiment.id for experiment in experiments)
        raise ExperimentError(f"Say which experiment: {names}.")

    def create(self, experiment: Experiment, group_share: float = 1.0) -> Experiment:
        """Store a new experiment; in a group it gets a free share of the group's units.

        Raises:
            ExperimentError: Its id is taken, a metric does not exist, its group has no room, or it
                is an interleaving with values that only an A/B test has.
        """
        if experiment.kind is ExperimentKind.INTERLEAVING:
            _require_mixable(experiment)
        named = (experiment.primary,) if experiment.primary else ()
        metrics_of((*experiment.metrics, *experiment.guardrails, *named))
        return self.store.add(self.store.with_slot(experiment, group_share))

    def start(self, experiment_id: str) -> Experiment:
        """Start an experiment; one that was stopped goes on with its first start.

        Raises:
            ExperimentError: There is none of that id, or its visitors were simulated.
        """
        now = datetime.now(UTC)

        def started(experiment: Experiment) -> Experiment:
            _require_real(experiment)
            return replace(
                experiment,
                status=ExperimentStatus.RUNNING,
                started=experiment.started or now,
                ended=None,
            )

        return self.store.change(experiment_id, started)

    def stop(self, experiment_id: str) -> Experiment:
        """Stop an experiment; later events of it don't count."""
        now = datetime.now(UTC)

        def stopped(experiment: Experiment) -> Experiment:
            return replace(experiment, status=ExperimentStatus.STOPPED, ended=now)

        return self.store.change(experiment_id, stopped)

    def offer(self, experiment_id: str, on_explore: bool) -> Experiment:
        """Ask visitors of Explore to help with an interleaving experiment, or stop asking.

        Raises:
            ExperimentError: It is no interleaving of engines over a catalogue, or there is none.
        """
        return self.store.change(experiment_id, lambda e: replace(e, on_explore=on_explore))

    def assign(
        self, experiment_id: str, unit: str, attributes: Mapping[str, str] | None = None
    ) -> Assignment:
        """Return a unit's variant; raises ``ExperimentError`` if there is no such experiment."""
        return assign(self.store.get(experiment_id), unit, attributes)

    def running(self) -> tuple[Experiment, ...]:
        """Return the experiments that run."""
        return tuple(e for e in self.all() if e.status is ExperimentStatus.RUNNING)

    def record(self, events: Sequence[Event]) -> int:
        """Store events; returning means that they are on disk; return how many were new.

        Raises:
            ExperimentError: One is of an experiment whose visitors were simulated.
            NotSaved: They could not be written; they can be sent again.
        """
        for name in {event.experiment for event in events} - {""}:
            if self.store.has(name):
                _require_real(self.store.get(name))
        return self.log.append(events)

    def take_simulated(self, experiment_id: str, rows: pa.Table) -> Experiment:
        """Store the events of simulated visitors; the experiment has ended then.

        Args:
            experiment_id: The experiment; it has no events yet and does not run.
            rows: Rows of the log's schema, in order of time.

        Raises:
            ExperimentError: It runs, or has events.
            NotSaved: They could not be written.
        """
        begin, end = rows["time"][0].as_py(), rows["time"][-1].as_py()

        def marked(experiment: Experiment) -> Experiment:
            self.require_empty(experiment)
            return replace(
                experiment,
                simulated=True,
                status=ExperimentStatus.STOPPED,
                started=begin,
                ended=end,
            )

        experiment = self.store.change(experiment_id, marked)
        self.log.append_rows(rows)
        return experiment

    def require_empty(self, experiment: Experiment) -> None:
        """Raise ``ExperimentError`` unless simulated visitors may come: no events, not running."""
        if experiment.status is ExperimentStatus.RUNNING:
            raise ExperimentError(
                f"“{experiment.id}” runs, so real visitors may come, and simulated ones never mix "
                "with them. Set up another experiment for the simulation."
            )
        if self.log.count(experiment.id):
            what = "a simulated week" if experiment.simulated else "events of real visitors"
            raise ExperimentError(
                f"“{experiment.id}” has {what} already. Set up another experiment for the "
                "simulation."
            )

    def import_log(
        self,
        paths: Sequence[Path],
        experiment_id: str = "",
        *,
        columns: Mapping[str, str] | None = None,
        weights: Mapping[str, float] | None = None,
        baseline: str = "",
        started: datetime | None = None,
        on_rows: OnRows = lambda _: None,
    ) -> ImportReport:
        """Take a log of another tool in; experiments that it names are made if they are missing.

        Raises:
            ExperimentError: A file can't be read, or none of its rows gives an event.
            NotSaved: Events could not be written.
        """
        existing = {experiment.id: experiment for experiment in self.all()}
        if experiment_id in existing:
            _require_real(existing[experiment_id])
        job = LogImport(self.log, existing, experiment_id, columns or {}, bool(experiment_id))
        report = job.run(paths, on_rows)
        fresh, described = job.made(weights or {}, baseline, started)
        for experiment in fresh:
            self.store.add(experiment)
        return replace(report, experiments=tuple(described))

    def analyze(self, experiment_id: str = "", **changes: Any) -> Result:
        """Analyse an experiment.

        Args:
            experiment_id: Its id; empty: the only one.
            changes: Fields of the experiment that the analysis takes otherwise, such as ``cap``.

        Raises:
            ExperimentError: There is none of that id, or no event of it.
        """
        from core.experiments.analysis import analyze

        stored = self.get(experiment_id)
        experiment = replace(stored, **changes)
        return analyze(experiment, self.frame(experiment.id), stored.primary)

    def by_query(self, experiment_id: str, most: int = 0) -> tuple[QueryPreference, ...]:
        """Return the preference of the second variant against the first, query by query.

        Args:
            experiment_id: An experiment with interleaving.
            most: Most queries, those with the most decided searches; 0 returns all.
        """
        from core.experiments.interleaving_analysis import own_events
        from core.experiments.interleaving_verdict import by_query, credits

        experiment = self.get(experiment_id)
        events = own_events(experiment, self.frame(experiment.id))
        baseline, variant = experiment.variant_names[:2]
        return by_query(credits(events), variant, baseline, most)

    def frame(self, experiment_id: str) -> pa.RecordBatchReader:
        """Return an experiment's events and those outside of all, in batches, to be read once."""
        return self.log.reader(experiment_id)

    def export(self, experiment_id: str, path: Path) -> int:
        """Write an experiment's events to a file; return their number.

        Args:
            experiment_id: Its id.
            path: The file; its ending says the format: .csv, .jsonl or .parquet.

        Raises:
            ExperimentError: The ending says no such format, or there is no such experiment.
        """
        from core.experiments.event_files import write_events

        experiment = self.store.get(experiment_id)
        if path.suffix not in _ENDINGS:
            raise ExperimentError(f"Events are written to files in {', '.join(_ENDINGS)}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            return write_events(self._own(experiment.id), partial, path.suffix)

    def _own(self, experiment_id: str) -> Iterable[pa.RecordBatch]:
        for batch in self.frame(experiment_id):
            own = [name.as_py() == experiment_id for name in batch.column("experiment")]
            yield batch.filter(pa.array(own, pa.bool_()))


def _require_mixable(experiment: Experiment) -> None:
    """Raise ``ExperimentError`` for values that would have no effect on mixed lists."""
    weights = {variant.weight for variant in experiment.variants}
    unused = {
        "weights": len(weights) > 1,
        "metrics": bool(experiment.metrics),
        "primary": bool(experiment.primary),
        "guardrails": experiment.guardrails not in ((), GUARDRAILS),
        "cap": experiment.cap < 1,
    }
    if names := [name for name, given in unused.items() if given]:
        raise ExperimentError(
            "Interleaving mixes its variants evenly and decides by clicks, carts and purchases, so "
            f"it takes no {', '.join(names)}. Leave this out, or set up an A/B test."
        )


def _require_real(experiment: Experiment) -> None:
    """Raise ``ExperimentError`` if an experiment's visitors were simulated."""
    if experiment.simulated:
        raise ExperimentError(
            f"The visitors of “{experiment.id}” were simulated, and real ones never mix with them. "
            "Set up another experiment for real visitors."
        )
