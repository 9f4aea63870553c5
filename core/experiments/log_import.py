"""Read foreign logs into the event log, with a report of what did not fit.

Rows are read and stored in pieces, so the size of a log is bounded by the disk alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from core.base.tables import Table, open_table
from core.errors import ExperimentError
from core.experiments.behaviour_events import Event
from core.experiments.event_log import EventLog, rows_of
from core.experiments.import_report import ImportedExperiment, ImportReport, Reason
from core.experiments.log_columns import is_baseline, kind_of, log_columns
from core.experiments.log_rows import flattened
from core.experiments.log_translation import LeftOutRow, Translator, reason_of
from core.experiments.model import MOST_VARIANTS, Experiment, Variant, id_from
from core.experiments.stored_ids import StoredIds

#: Events that are written at once.
_PIECE = 50_000
#: Rows of each file that are looked at beforehand.
_LOOKED_AT = 20_000
#: Reasons, event names and columns that a report lists.
_MOST_LISTED = 40
#: Called with the number of rows that were read so far.
OnRows = Callable[[int], None]


@dataclass
class LogImport:
    """One import of one or several files of one log.

    Attributes:
        log: Where events go.
        existing: Id → experiment, of all there are.
        experiment_id: The experiment of rows that name none; empty: named after the first file.
        columns: Field → column, as a person says it.
        only: Whether rows of other experiments are left out.
    """

    log: EventLog
    existing: Mapping[str, Experiment]
    experiment_id: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    only: bool = False
    _reasons: Counter[str] = field(default_factory=Counter)
    _first: dict[str, str] = field(default_factory=dict)
    _kinds: Counter[str] = field(default_factory=Counter)
    _variants: dict[str, Counter[str]] = field(default_factory=dict)
    _begins: dict[str, datetime] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _rows: int = 0
    _events: int = 0

    def run(self, paths: Sequence[Path], on_rows: OnRows = lambda _: None) -> ImportReport:
        """Read the files and store their events.

        Raises:
            ExperimentError: A file can't be read, or no row of any gives an event.
            NotSaved: Events could not be written; a second import goes on where this one stopped.
        """
        tables = [open_table(path, ExperimentError, _score) for path in paths]
        default = self.experiment_id or id_from(paths[0].name.partition(".")[0])
        names, has_clicks = _looked_at(tables)
        alias = self._alias(names)
        translator = Translator(self.columns, has_clicks, datetime.now(UTC))
        stored, ids = 0, StoredIds(self.log)
        events = self._named(self._translated(tables, translator, on_rows), default, alias)
        while piece := list(islice(events, _PIECE)):
            new = ids.new(rows_of(piece))
            if new.num_rows:
                self.log.append_rows(new)
            stored += new.num_rows
        if not self._events:
            raise ExperimentError(self._nothing(paths))
        kinds = {name: self._kinds[name] for name in sorted(self._kinds)}
        return ImportReport(
            files=tuple(f"{table.path.name}: {table.understood}" for table in tables),
            rows=self._rows,
            events=self._events,
            stored=stored,
            kinds=kinds,
            columns=dict(sorted(translator.used.items())),
            unused=tuple(translator.unused)[:_MOST_LISTED],
            left_out=self._left_out(),
            experiments=(),
            notes=tuple(self._notes(tables, translator, alias)),
        )

    def made(
        self, weights: Mapping[str, float], baseline: str, started: datetime | None
    ) -> tuple[list[Experiment], list[ImportedExperiment]]:
        """Return the experiments to make for what was read, and what to say of all of them.

        Args:
            weights: Variant → planned weight; a missing one is 1.
            baseline: Name of the baseline; empty: the one that is named like one, else the first.
            started: When they began; ``None``: with the first event of a variant.
        """
        fresh, described = [], []
        for experiment_id, counts in sorted(self._variants.items()):
            variants = dict(sorted(counts.items()))
            if experiment_id in self.existing:
                described.append(ImportedExperiment(experiment_id, False, variants))
                continue
            if not 2 <= len(variants) <= MOST_VARIANTS:
                described.append(
                    ImportedExperiment(
                        experiment_id, False, variants,
                        f"No experiment was made of it: it has {len(variants)} variants.",
                    )
                )  # fmt: skip
                continue
            first = baseline if baseline in variants else _baseline_of(list(variants))
            ordered = [first, *(name for name in variants if name != first)]
            fresh.append(
                Experiment(
                    experiment_id,
                    self._names.get(experiment_id, experiment_id),
                    variants=tuple(Variant(name, "", weights.get(name, 1.0)) for name in ordered),
                    salt=experiment_id,
                    started=started or self._begins[experiment_id],
                )
            )
            note = "" if weights else "Its units were taken to be split evenly; say --weights else."
            described.append(ImportedExperiment(experiment_id, True, variants, note))
        return fresh, described

    def _translated(
        self, tables: Sequence[Table], translator: Translator, on_rows: OnRows
    ) -> Iterator[Event]:
        for table in tables:
            for row in table.rows():
                self._rows += 1
                if self._rows % 10_000 == 0:
                    on_rows(self._rows)
                place = f"{table.path.name}:{row.line}"
                if row.problem:
                    self._leave_out(row.problem, place)
                    continue
                try:
                    flat, items = flattened(row.cells)
                    yield from translator.events(row.number, flat, items)
                except (LeftOutRow, ExperimentError) as error:
                    self._leave_out(reason_of(error), place)
        on_rows(self._rows)

    def _named(self, events: Iterable[Event], default: str, alias: str) -> Iterator[Event]:
        """Give events the ids and variants of the experiments here, and count them."""
        for event in events:
            name = event.experiment
            own = id_from(name) if name else ""
            if own and own == alias:
                own = self.experiment_id
            if own and self.only and own != self.experiment_id:
                self._leave_out("another experiment", "")
                continue
            if event.variant and not own:
                own = default
            if own in self.existing and self.existing[own].simulated:
                self._leave_out("its experiment's visitors were simulated", "")
                continue
            variant = self._variant(own, event.variant)
            if own and variant:
                self._variants.setdefault(own, Counter())[variant] += 1
                self._begins[own] = min(event.time, self._begins.get(own, event.time))
                self._names.setdefault(own, name or own)
            self._events += 1
            self._kinds[event.kind] += 1
            yield replace(event, experiment=own, variant=variant)

    def _variant(self, experiment_id: str, name: str) -> str:
        """Return the name that an existing experiment has for a variant, if it differs in case."""
        experiment = self.existing.get(experiment_id)
        if experiment is None or name in experiment.variant_names:
            return name
        for variant in experiment.variants:
            if name.lower() in (variant.name.lower(), variant.engine.lower()):
                return variant.name
        return name

    def _alias(self, names: Counter[str]) -> str:
        """Return the name in the log of the one experiment that a person names otherwise."""
        if not self.experiment_id or id_from(self.experiment_id) in names or len(names) != 1:
            return ""
        return next(iter(names))

    def _leave_out(self, reason: str, place: str) -> None:
        if reason not in self._reasons and len(self._reasons) >= 1000:
            reason = "other reasons"
        self._reasons[reason] += 1
        self._first.setdefault(reason, place)

    def _left_out(self) -> tuple[Reason, ...]:
        return tuple(
            Reason(reason, count, self._first[reason])
            for reason, count in self._reasons.most_common(_MOST_LISTED)
        )

    def _nothing(self, paths: Sequence[Path]) -> str:
        listed = ", ".join(f"“{path.name}”" for path in paths)
        reasons = "; ".join(f"{r.reason} ({r.rows:,} rows)" for r in self._left_out()[:3])
        return (
            f"No row of {listed} gives an event: {reasons or 'there are no rows'}. A row needs a "
            "time, a visitor and what happened; say --column kind=NAME where a name is not "
            "recognised."
        )

    def _notes(self, tables: Sequence[Table], translator: Translator, alias: str) -> Iterator[str]:
        for table in tables:
            yield from table.notes
        unknown = [name for name in translator.names if not translator.kinds.get(name)]
        if unknown:
            yield f"Event names that are no kind of event here: {', '.join(unknown[:20])}."
        if alias:
            yield f"The log calls the experiment “{alias}”."
        for experiment_id, counts in self._variants.items():
            experiment = self.existing.get(experiment_id)
            strange = set(counts) - set(experiment.variant_names) if experiment else set()
            if experiment and strange:
                yield (
                    f"The experiment “{experiment_id}” has no variants {', '.join(sorted(strange))}"
                    f"; it has {', '.join(experiment.variant_names)}."
                )
        if not self._variants:
            yield (
                "No event names a variant: these events count only for visitors whose variant "
                "another event tells."
            )


def _score(names: Sequence[str]) -> int:
    """Count the names of a row that are columns of a log."""
    return len(log_columns(names).fields)


def _baseline_of(names: Sequence[str]) -> str:
    return next((name for name in names if is_baseline(name)), names[0])


def _looked_at(tables: Sequence[Table]) -> tuple[Counter[str], bool]:
    """Return the ids of the experiments in the first rows, and whether these have clicks."""
    experiments: Counter[str] = Counter()
    has_clicks = False
    shapes: dict[tuple[str, ...], Mapping[str, str]] = {}
    for table in tables:
        for row in islice(table.rows(), _LOOKED_AT):
            flat, _ = flattened(row.cells)
            shape = tuple(flat)
            if shape not in shapes:
                shapes[shape] = log_columns(shape).fields
            fields = shapes[shape]
            has_clicks |= kind_of(str(flat.get(fields.get("kind", ""), ""))) == "click"
            if name := flat.get(fields.get("experiment", "")):
                experiments[id_from(str(name))] += 1
    return experiments, has_clicks
