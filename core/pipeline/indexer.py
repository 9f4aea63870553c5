"""Index a catalogue: rows in, items and vectors of all engines stored; resumable, incremental."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from core.base.flow import Writer, chunks, produced_ahead
from core.domain import (
    IndexReport,
    Ingested,
    JobState,
    KnownRow,
    OnProgress,
    Progress,
    QuarantinedRow,
)
from core.jobs import BegunJob, JobReporter, Stage
from core.pipeline import finish
from core.pipeline.driver import Driver, Tally
from core.pipeline.job import indexing_job
from core.pipeline.planner import Planner
from core.ports.engines import IndexingModels, Photos
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord
from core.store.meta import CatalogMeta
from core.store.snapshot import seed

#: The rows of a catalogue file, given what is stored of them already (see ``catalog.ingest``).
RowSource = Callable[[Mapping[str, KnownRow]], Iterable[Ingested | QuarantinedRow]]

#: Items per chunk for engines that take the photo and title as they are.
CHUNK = 64

#: Items per chunk where grounding takes a second or more each: little is lost when killed.
GROUNDED_CHUNK = 16


#: Expected seconds per row read and embedded, per item grounded and rewritten, and at the end,
#: on two cores; what a catalogue's last run measured counts more.
_READING, _GROUNDING, _FINISHING = 0.05, 1.0, 2.0


def run_index(
    store: CatalogStore,
    photos: Photos,
    models: IndexingModels,
    rows: RowSource,
    *,
    title: str = "",
    source: str = "",
    prune: bool | Collection[str] = False,
    snapshot: Path | None = None,
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> IndexReport:
    """Index a catalogue in this thread; see ``begin_index`` for what it does and raises."""
    return begin_index(
        store, photos, lambda: models, rows, title=title, source=source, prune=prune,
        snapshot=snapshot, on_progress=on_progress, should_stop=should_stop,
    ).run()  # fmt: skip


def begin_index(
    store: CatalogStore,
    photos: Photos,
    models: Callable[[], IndexingModels],
    rows: RowSource,
    *,
    title: str = "",
    source: str = "",
    total: int = 0,
    notes: tuple[str, ...] = (),
    prune: bool | Collection[str] = False,
    snapshot: Path | None = None,
    author: str = "",
    on_progress: OnProgress | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> BegunJob[IndexReport]:
    """Take the catalogue's lock for an indexing (or re-indexing) job, which is then to be run.

    Engines that take photo and title as they are come first, while the file is being read: items
    can be found within seconds. Then the others, chunk by chunk. Whatever is stored and was made
    of the same inputs by the same models stays, so an interrupted run goes on where it was and
    unchanged items cost nothing; no model is loaded for them.

    Args:
        store: The catalogue's tables.
        photos: Where its photos are opened.
        models: Gives engines and stage models; called when the job runs.
        rows: Called with what is stored of earlier rows; gives the rows of the file in order.
        title: Name of the catalogue for people.
        source: Name of the file, for people.
        total: Rows of the file; 0 where nobody counted them.
        notes: Sentences on how the file was understood.
        prune: Remove items that the file no longer has; only those among these ids, where given.
        snapshot: Folder of stage results that came with the catalogue (``core.store.snapshot``).
        author: Who starts it.
        on_progress: Called with snapshots.
        should_stop: Asked after every chunk, as is the wish of any process.

    Raises:
        CatalogBusy: Another job is indexing this catalogue.

    The work raises:
        CatalogError: The file can't be read.
        WeightsUnavailable: A model that is needed can't be had.
    """

    def work(reporter: JobReporter) -> IndexReport:
        if snapshot is not None:
            seed(store, snapshot)
        corrected = models().corrected_by(store.corrections.standing())
        run = _Run(store, photos, corrected, reporter, should_stop, total, notes)
        return run.index(rows, CatalogMeta(title or store.name, source), prune)

    new = max(0, total - store.items.count())
    plan = (
        Stage("reading", total, _READING),
        Stage("grounding", new, _GROUNDING),
        Stage("finishing", 1, _FINISHING),
    )
    job = indexing_job(store.root)
    return BegunJob(job.begin(plan, author=author, on_progress=on_progress), work)


@dataclass(slots=True)
class _Counts:
    """What the rows of the file turned out to be."""

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    number: dict[str, int] = field(default_factory=dict)
    quarantined: list[QuarantinedRow] = field(default_factory=list)


class _Run:
    """One indexing run."""

    def __init__(
        self,
        store: CatalogStore,
        photos: Photos,
        models: IndexingModels,
        reporter: JobReporter,
        should_stop: Callable[[], bool],
        total: int,
        notes: tuple[str, ...],
    ) -> None:
        self._store, self._photos, self._models = store, photos, models
        self._reporter, self._should_stop, self._total = reporter, should_stop, total
        self._counts, self._tally = _Counts(), Tally()
        self._stopped, self._notes = False, notes

    def index(
        self, rows: RowSource, meta: CatalogMeta, prune: bool | Collection[str]
    ) -> IndexReport:
        started = time.monotonic()
        self._reporter.step(Progress("reading", 0, self._total, "Reading the catalogue."))
        self._store.items.index_words()
        for model in self._models.engines:
            table = self._store.vectors(model.name)
            table.prepare(model.fingerprint, model.encoder.dim, model.engine.text_weight)
        records = self._store.items.records()
        with Writer() as writer:
            self._read_and_embed(rows, records, writer)
            if not self._stopped:
                self._embed_heavy(records, writer)
            writer.flush()
        if not self._stopped:
            self._finish(records, meta, prune)
        report = self._report(started)
        state = JobState.STOPPED if self._stopped else JobState.DONE
        self._reporter.end(state, _sentence(report, self._stopped))
        return report

    def _read_and_embed(
        self, rows: RowSource, records: dict[str, ItemRecord], writer: Writer
    ) -> None:
        known = {key: KnownRow(record.item, record.row_key) for key, record in records.items()}
        light = self._models.light
        driver = Driver(self._store, self._photos, light, writer, self._tally)
        planner = Planner(self._store, light)
        done = 0
        with closing(produced_ahead(chunks(rows(known), CHUNK), ahead=2)) as read:
            planned = (planner.tasks(self._take(chunk, records, writer)) for chunk in read)
            with closing(driver.run(planned)) as running:
                for tasks in running:
                    done += len(tasks)
                    message = f"Read {self._counts.rows} rows, embedded {done} items."
                    self._reporter.step(
                        Progress("reading", self._counts.rows, self._total, message)
                    )
                    if self._stop():
                        return

    def _take(
        self,
        outcomes: list[Ingested | QuarantinedRow],
        records: dict[str, ItemRecord],
        writer: Writer,
    ) -> list[ItemRecord]:
        """Sort a chunk of rows into counts; queue the writing of new and changed items."""
        counts, taken, fresh = self._counts, [], []
        for outcome in outcomes:
            if isinstance(outcome, QuarantinedRow):
                counts.rows = max(counts.rows + 1, outcome.row)
                counts.quarantined.append(outcome)
                continue
            item_id = outcome.item.item_id
            counts.number[item_id] = outcome.number or counts.rows + 1
            counts.rows = max(counts.rows, counts.number[item_id] - 1) + outcome.rows
            before = records.get(item_id)
            if before is not None and before.row_key == outcome.row_key:
                counts.unchanged += 1
                taken.append(before)
                continue
            counts.added += before is None
            counts.changed += before is not None
            records[item_id] = ItemRecord(outcome.item, outcome.row_key)
            fresh.append(records[item_id])
            taken.append(records[item_id])
        writer.submit(lambda: self._store.items.upsert(fresh))
        self._tally.per_stage["reading"] += len(fresh)
        return taken

    def _embed_heavy(self, records: dict[str, ItemRecord], writer: Writer) -> None:
        heavy = self._models.heavy
        if not heavy.engines:
            return
        writer.flush()  # so that stored keys are up to date
        planner = Planner(self._store, heavy)
        tasks = planner.tasks([records[item_id] for item_id in self._counts.number])
        driver = Driver(self._store, self._photos, heavy, writer, self._tally)
        done = skipped = 0
        worked = self._tally.per_stage.total()
        self._reporter.step(Progress("grounding", 0, len(tasks)))
        with closing(driver.run(chunks(tasks, GROUNDED_CHUNK))) as running:
            for chunk in running:
                done += len(chunk)
                message = f"Grounded, described and embedded {done} of {len(tasks)} items."
                if self._tally.per_stage.total() == worked:  # all of it was there already
                    skipped += len(chunk)
                worked = self._tally.per_stage.total()
                self._reporter.step(
                    Progress("grounding", done, len(tasks), message, skipped=skipped)
                )
                if self._stop():
                    return

    def _finish(
        self, records: dict[str, ItemRecord], meta: CatalogMeta, prune: bool | Collection[str]
    ) -> None:
        self._reporter.step(Progress("finishing", 0, 1, "Bringing the indices up to date."))
        counts = self._counts
        for item_id, (stage, reason) in self._tally.errors.items():
            row = counts.number[item_id]
            counts.quarantined.append(QuarantinedRow(row, item_id, stage, reason))
        counts.quarantined.sort(key=lambda row: (row.row, row.item_id))
        if prune:
            named = {row.item_id for row in counts.quarantined} | set(counts.number)
            gone = [
                item_id
                for item_id in records
                if item_id not in named and (prune is True or item_id in prune)
            ]
            finish.remove(self._store, gone)
            counts.removed = len(gone)
        self._store.quarantine.replace(counts.quarantined)
        finish.tidy(self._store, self._models)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        stored = self._store.meta.read()  # its engine and owner stay
        self._store.meta.write(replace(stored, title=meta.title, source=meta.source, updated=now))

    def _stop(self) -> bool:
        self._stopped = self._stopped or self._reporter.stopping() or self._should_stop()
        return self._stopped

    def _report(self, started: float) -> IndexReport:
        counts = self._counts
        return IndexReport(
            catalog=self._store.name,
            rows=counts.rows,
            items=self._store.items.count(),
            added=counts.added,
            changed=counts.changed,
            unchanged=counts.unchanged,
            removed=counts.removed,
            quarantined=tuple(counts.quarantined),
            seconds=time.monotonic() - started,
            per_stage={stage: count for stage, count in self._tally.per_stage.items() if count},
            notes=self._notes,
        )


def _sentence(report: IndexReport, stopped: bool) -> str:
    counts = (
        f"{report.added} items added, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.removed} removed; {len(report.quarantined)} rows left out."
    )
    counts = " ".join([counts, *report.notes[1:]])  # what was guessed; as what it was read is plain
    return f"Stopped. {counts} Run it again to go on." if stopped else counts
