"""Index a catalogue: read its rows, store items and vectors of all engines; resumable."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from core.base.counts import counted
from core.base.flow import Writer
from core.domain import (
    IndexReport,
    Ingested,
    JobState,
    KnownRow,
    OnProgress,
    Progress,
    QuarantinedRow,
)
from core.jobs import BegunJob, JobReporter
from core.pipeline import finish
from core.pipeline.driver import Driver, Results, ResultWriter, Stages, Tally
from core.pipeline.further_photos import drop_further_photos, embed_further_photos
from core.pipeline.indexing_job import indexing_job
from core.pipeline.local_stages import ROOM, LocalStages
from core.pipeline.pace import plan
from core.pipeline.planner import Planner
from core.pipeline.stages import Task
from core.ports.engines import IndexingModels, Photos
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord
from core.store.meta import CatalogMeta
from core.store.snapshot import seed

#: Called with the stored rows by item id; yields the rows of a file (see ``catalog.ingest``).
RowSource = Callable[[Mapping[str, KnownRow]], Iterable[Ingested | QuarantinedRow]]

#: Returns what runs tasks through the stages with the models of one pass.
StagesOf = Callable[[IndexingModels], Stages]

#: Least time between two reports of the thread that reads, seconds.
_TELL_SECONDS = 0.5


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
    room: int = ROOM,
    all_photos: bool = False,
    stages_of: StagesOf | None = None,
) -> IndexReport:
    """Index a catalogue in this thread; arguments and errors are those of ``begin_index``."""
    return begin_index(
        store, photos, lambda: models, rows, title=title, source=source, prune=prune,
        snapshot=snapshot, on_progress=on_progress, should_stop=should_stop, room=room,
        all_photos=all_photos, stages_of=stages_of,
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
    room: int = ROOM,
    all_photos: bool = False,
    stages_of: StagesOf | None = None,
) -> BegunJob[IndexReport]:
    """Take the catalogue's lock for an indexing job and return the job, ready to run.

    Engines that embed photo and title run first, while the file is read, so that items can be found
    within seconds. The other engines follow, item by item. Stored results of the same inputs and
    models are reused: an interrupted run is resumed, and unchanged items load no model.

    Args:
        store: The catalogue's tables.
        photos: Opens the catalogue's photos.
        models: Returns engines and stage models; called when the job runs.
        rows: Called with the stored rows; yields the rows of the file in order.
        title: Name of the catalogue for people.
        source: Name of the file, for people.
        total: Number of rows of the file; 0 if unknown.
        notes: Sentences on how the file was read.
        prune: Whether to remove items that the file no longer has; or the ids that may be removed.
        snapshot: Folder of shipped stage results (``core.store.snapshot``).
        author: Name of the person who starts the job.
        on_progress: Called with progress reports.
        should_stop: Called after every few items; ``True`` stops the job, as does its stop file.
        room: Memory for the photos under way, bytes.
        all_photos: Embed the further photos of items, too.
        stages_of: Where the stages run; in this process if it is not given.

    Raises:
        CatalogBusy: Another job is indexing this catalogue.

    The running job raises:
        CatalogError: The file can't be read.
        WeightsUnavailable: A model that is needed can't be loaded.
    """

    def work(reporter: JobReporter) -> IndexReport:
        reporter.step(Progress("reading", 0, total, "Loading the models."))
        if snapshot is not None:
            seed(store, snapshot)
        corrected = models().corrected_by(store.corrections.standing())
        here = stages_of or (lambda chosen: LocalStages(photos, chosen, room=room))
        run = _Run(store, photos, corrected, reporter, should_stop, total, notes, here, all_photos)
        return run.index(rows, CatalogMeta(title or store.name, source), prune)

    new = max(0, total - store.items.count())
    job = indexing_job(store.root)
    stages = plan(total, new, shipped=snapshot is not None)
    return BegunJob(job.begin(stages, author=author, on_progress=on_progress), work)


@dataclass(slots=True)
class _Counts:
    """Counts of the rows of the file."""

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
        stages_of: StagesOf,
        all_photos: bool,
    ) -> None:
        self._all_photos = all_photos
        self._store, self._photos, self._models = store, photos, models
        self._reporter, self._should_stop, self._total = reporter, should_stop, total
        self._counts, self._tally, self._stages_of = _Counts(), Tally(), stages_of
        self._stopped, self._notes = False, notes
        self._report_lock, self._reported_at = threading.Lock(), time.monotonic()
        self._planned = self._embedded = 0

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
        with Writer(ResultWriter(self._store, self._reporter.check_lock)) as writer:
            self._read_and_embed(rows, records, writer)
            if not self._stopped:
                self._models.release_light()
                self._embed_heavy(records, writer)
            writer.flush()
        if not self._stopped:
            self._embed_further(records)
        if not self._stopped:
            self._finish(records, meta, prune)
        report = self._report(started)
        state = JobState.STOPPED if self._stopped else JobState.DONE
        # The first note on the file only names its format.
        notes = (*self._notes[1:], *self._models.left_out)
        self._reporter.end(state, _sentence(report, notes, self._stopped))
        return report

    def _driver(self, models: IndexingModels, writer: Writer[Results]) -> Driver:
        return Driver(
            self._store, models, writer, self._tally, self._stages_of(models),
            whole=self._models.light.engines,
        )  # fmt: skip

    def _read_and_embed(
        self, rows: RowSource, records: dict[str, ItemRecord], writer: Writer[Results]
    ) -> None:
        stored = {key: KnownRow(record.item, record.row_key) for key, record in records.items()}
        light = self._models.light
        planner = Planner(self._store, light)

        def planned() -> Iterator[Task]:
            for record in self._count_and_store(rows(stored), records, writer):
                for task in planner.tasks([record]):
                    self._planned += 1
                    yield task

        with closing(self._driver(light, writer).run(planned())) as running:
            for tasks in running:
                self._embedded += len(tasks)
                self._report_reading()
                if self._stop():
                    return
        self._report_reading()

    def _report_reading(self, every: float = 0.0) -> None:
        """Report how many rows are done, at most once in ``every`` seconds."""
        with self._report_lock:
            if time.monotonic() - self._reported_at < every:
                return
            self._reported_at = time.monotonic()
            rows, done = self._counts.rows, self._embedded
            message = f"Read {counted(rows, 'row')}, embedded {counted(done, 'item')}."
            ended = max(0, rows - (self._planned - done))
            self._reporter.step(Progress("reading", ended, self._total, message))

    def _count_and_store(
        self,
        outcomes: Iterable[Ingested | QuarantinedRow],
        records: dict[str, ItemRecord],
        writer: Writer[Results],
    ) -> Iterator[ItemRecord]:
        """Count rows, queue writes of new and changed items and yield all records.

        It runs in the thread that reads the file.
        """
        counts = self._counts
        for outcome in outcomes:
            self._report_reading(_TELL_SECONDS)
            if self._stopped:
                return
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
                yield before
                continue
            counts.added += before is None
            counts.changed += before is not None
            record = records[item_id] = ItemRecord(outcome.item, outcome.row_key)
            writer.submit(Results(records=[record]))
            self._tally.per_stage["reading"] += 1
            yield record

    def _embed_heavy(self, records: dict[str, ItemRecord], writer: Writer[Results]) -> None:
        heavy = self._models.heavy
        if not heavy.engines:
            return
        writer.flush()  # the planner reads the stored keys
        planner = Planner(self._store, heavy)
        tasks = planner.tasks([records[item_id] for item_id in self._counts.number])
        done = skipped = 0
        worked = self._tally.per_stage.total()
        self._reporter.step(Progress("grounding", 0, len(tasks)))
        with closing(self._driver(heavy, writer).run(tasks)) as running:
            for ready in running:
                done += len(ready)
                message = (
                    f"Grounded, described and embedded {done:,} of {counted(len(tasks), 'item')}."
                )
                if self._tally.per_stage.total() == worked:  # all of it was there already
                    skipped += len(ready)
                worked = self._tally.per_stage.total()
                self._reporter.step(
                    Progress("grounding", done, len(tasks), message, skipped=skipped)
                )
                if self._stop():
                    return

    def _embed_further(self, records: dict[str, ItemRecord]) -> None:
        if not self._all_photos:
            drop_further_photos(self._store)
            return
        self._reporter.step(Progress("finishing", 0, 1, "Embedding the further photos of items."))
        count = embed_further_photos(
            self._store, self._photos, self._models, records, stopped=self._stop
        )
        self._tally.per_stage["further photos"] += count

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
            removed = [
                item_id
                for item_id in records
                if item_id not in named and (prune is True or item_id in prune)
            ]
            finish.remove(self._store, removed)
            counts.removed = len(removed)
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
            notes=self._notes + self._models.left_out,
        )


def _sentence(report: IndexReport, notes: tuple[str, ...], stopped: bool) -> str:
    """Return what a run did; what it did not is left out."""
    counts = (
        (report.added, "added"), (report.changed, "changed"),
        (report.unchanged, "unchanged"), (report.removed, "removed"),
    )  # fmt: skip
    parts = [f"{counted(count, 'item')} {what}" for count, what in counts if count]
    left_out = len(report.quarantined)
    parts += [f"{counted(left_out, 'row')} left out"] if left_out else []
    text = " ".join([f"{', '.join(parts or ['No items'])}.", *notes])
    return f"Stopped. {text} Run it again to continue." if stopped else text
