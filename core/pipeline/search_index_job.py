"""The job that builds the search indices of a catalogue's large tables, beside all other work."""

from __future__ import annotations

from pathlib import Path

from core.domain.job import JobState, OnProgress, Progress
from core.errors import CatalogBusy
from core.jobs import BegunJob, JobFile, JobReporter, Stage
from core.jobs.job_paths import JobPaths
from core.pipeline.index_on_workers import trainer_on
from core.ports.workers import Workers
from core.store.catalog_store import CatalogStore

KIND = "search index"
STAGE = "indexing"

#: Expected seconds per vector on two cores, where no earlier run has measured them.
_SECONDS = 0.0008


def search_index_job(root: Path) -> JobFile:
    """Return the job of the catalogue in ``root``."""
    paths = JobPaths(
        root / ".search-index", root / "search-index-job.json", root / ".stop-search-index"
    )
    busy = f"The search index of the catalogue “{root.name}” is being built already."
    return JobFile(KIND, root.name, paths, busy, CatalogBusy)


def due(store: CatalogStore) -> tuple[str, ...]:
    """Return the engines whose table is large and whose index is missing or not up to date."""
    return tuple(name for name in store.engines() if store.vectors(name).index_is_due)


def begin_search_index(
    store: CatalogStore,
    engines: tuple[str, ...],
    on_progress: OnProgress | None = None,
    workers: Workers | None = None,
) -> BegunJob[None]:
    """Take the lock of the job and return it, ready to run; searches and writes go on meanwhile.

    Args:
        store: The catalogue's tables.
        engines: The engines whose indices are built.
        on_progress: Called with progress reports.
        workers: Build the index of a table that is large enough for several.

    Raises:
        CatalogBusy: The job runs already.
    """
    counts = {engine: store.vectors(engine).count() for engine in engines}
    total = sum(counts.values())
    trainer = trainer_on(workers) if workers is not None else None

    def work(reporter: JobReporter) -> None:
        done, lines = 0, []
        for engine, rows in counts.items():
            message = f"Building the search index of {engine} over {rows:,} vectors."
            reporter.follow(Progress(STAGE, done, total, message))
            index = store.vectors(engine).build_index(trainer)
            if index is not None:
                lines.append(f"{engine}: {index.summary}.")
            done += rows
            reporter.step(Progress(STAGE, done, total, message))
        reporter.end(JobState.DONE, " ".join(lines))

    job = search_index_job(store.root)
    return BegunJob(job.begin((Stage(STAGE, total, _SECONDS),), on_progress=on_progress), work)
