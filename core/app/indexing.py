"""Indexing catalogue files for pages and commands: ``studio.indexing``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from core.app.column_choices import ColumnChoices
from core.app.dry_run import preview_file
from core.app.last_source import LastSource, check_there, last_source, remember
from core.app.library import DEMO, Library, own_name
from core.app.machines import stages_on
from core.app.models import ModelPool
from core.app.photo_folding import fold_photos
from core.app.search_indices import SearchIndices
from core.app.shipped_judgments import ShippedJudgments
from core.catalog import demo, demo_judgments
from core.catalog.feed_parts import is_there, parts_of
from core.catalog.ingest import check_source, ingest
from core.catalog.readers import look
from core.catalog.remote_photos import RemotePhotos
from core.domain import IndexReport, Ingested, KnownRow, OnProgress, QuarantinedRow
from core.domain.file_preview import FilePreview
from core.errors import CatalogError
from core.jobs import BegunJob, JobFile, JobRunner
from core.pipeline.indexer import begin_index
from core.pipeline.indexing_job import indexing_job
from core.ports.workers import Workers
from core.settings import Settings

#: Wraps the run of a job.
Around = Callable[[Callable[[], object]], Callable[[], object]]
#: Folder of the demo's precomputed stage results.
PRECOMPUTED = "precomputed"
#: Largest file that is read whole before its indexing starts, bytes; it takes a second or two.
_LOOKED_AT = 2 * 2**20


class IndexingService:
    """Indexes catalogue files and the shipped demo; one job per catalogue over all processes.

    Attributes:
        chosen: The columns that people chose, per catalogue.
        search_indices: Search indices of large catalogues.
        demo_judgments: The judgment set that ships with the demo.
    """

    def __init__(
        self, library: Library, models: ModelPool, settings: Settings, jobs: JobRunner
    ) -> None:
        self._library, self._models, self._settings = library, models, settings
        self._jobs = jobs
        self.chosen = ColumnChoices(library)
        self.search_indices = SearchIndices(library)
        self.demo_judgments = ShippedJudgments(library, settings.shipped / demo_judgments.FOLDER)

    def job(self, catalog: str | None = None) -> JobFile:
        """Return a catalogue's indexing job, to read, stop or dismiss it."""
        return indexing_job(self._library.folder(catalog))

    def index(
        self,
        source: Path,
        *,
        name: str | None = None,
        images: Path | None = None,
        columns: Mapping[str, str] | None = None,
        prune: bool = False,
        engines: Collection[str] | None = None,
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        workers: Workers | None = None,
    ) -> IndexReport:
        """Index (or re-index) a catalogue file; idempotent and resumable.

        With names of engines only their vectors are made, and nothing is fetched for others. An
        engine that can't run here is left out; the report says why. With workers
        (``core.base.ray_cluster.workers_on``) these fetch the photos, run the stages and build the
        search index; the results are the same.

        Raises:
            EngineUnavailable: There is no engine of a name, or none of those named can run here.
            CatalogError: The name, the file, its columns or the images folder can't be used.
            CatalogBusy: Another job is indexing this catalogue.
            WeightsUnavailable: A model that is needed can't be had.
        """
        name = own_name(name, source)
        columns = self.chosen.merged(name, source, columns).columns
        self.check_source(source, images=images, columns=columns)
        self._models.check_engines(engines or ())
        report = self._begin_index(
            name, source, images, columns,
            prune=prune, engines=engines, on_progress=on_progress, should_stop=should_stop,
            workers=workers,
        ).run()  # fmt: skip
        self.search_indices.refresh(name, on_progress, workers)
        return report

    def start(
        self,
        source: Path,
        *,
        name: str | None = None,
        title: str = "",
        images: Path | None = None,
        columns: Mapping[str, str] | None = None,
        author: str = "",
        owner: str = "",
        any_catalog: bool = True,
        around: Around = lambda run: run,
    ) -> str:
        """Index a catalogue file in the background; returns the catalogue's name.

        Args:
            source: CSV, JSON lines or Parquet file.
            name: The catalogue; made from the file's name when not given.
            title: Title of a catalogue that is new; its name when not given.
            images: Folder of the photos.
            columns: Field → column, instead of the guess.
            author: Who starts the job.
            owner: Who a catalogue that is new belongs to from now on; empty for nobody.
            any_catalog: False where ``owner`` may only write catalogues that belong to them.
            around: Wraps the run, to hold resources while it lasts; the run returns ``False``
                where it was stopped.

        Errors that prevent the start are raised here (see ``index``); the job's file shows how it
        ends.
        """
        name = own_name(name, source)
        columns = self.chosen.merged(name, source, columns).columns
        self.check_source(source, images=images, columns=columns)
        if owner or not any_catalog:
            self._library.claim(name, owner, any_catalog=any_catalog)
        job = self._begin_index(name, source, images, columns, title=title, author=author)
        self._start(job, around)
        return name

    def _start(self, job: BegunJob[IndexReport], around: Around) -> None:
        def wrapped(run: Callable[[], object]) -> Callable[[], object]:
            def whole() -> bool:
                """Tell whether the work was done to its end."""
                run()
                return not job.reporter.job.unfinished

            work = around(whole)

            def index() -> None:
                work()
                self.search_indices.refresh(job.reporter.job.subject)

            return index

        self._jobs.start(job, wrapped)

    def source_to_continue(self, catalog: str) -> LastSource | None:
        """Return what a catalogue's unfinished job was indexing; ``None`` if it can't go on.

        The demo's file ships with the studio.
        """
        job = self.job(catalog).read()
        if job is None or not job.unfinished:
            return None
        source = LastSource(demo.demo_items_path()) if catalog == DEMO else self._source(catalog)
        return source if source is not None and source.is_there else None

    def _source(self, catalog: str) -> LastSource | None:
        return last_source(self._library.folder(catalog))

    def go_on(
        self,
        catalog: str,
        *,
        author: str = "",
        around: Around = lambda run: run,
    ) -> str:
        """Go on with a catalogue's last indexing in the background; returns its name.

        Raises:
            CatalogError: The catalogue or its file is not there any more.
            CatalogBusy: Another job is indexing this catalogue.
        """
        name = self._library.resolve(catalog)
        if name == DEMO:
            return self.start_demo(author)
        source = check_there(self._source(name), name)
        self.check_source(source.table, images=source.images, columns=source.columns)
        job = self._begin_index(name, source.table, source.images, source.columns, author=author)
        self._start(job, around)
        return name

    def check_source(
        self,
        source: Path,
        *,
        images: Path | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        """Check a catalogue file's head, so that an unusable file leaves no empty catalogue.

        Raises:
            CatalogError: The file, its columns or the images folder can't be used.
        """
        if not is_there(source):
            raise CatalogError(f"There is no file {source}.")
        check_source(source, images=images, columns=columns)

    def check_gives_items(
        self,
        source: Path,
        *,
        images: Path | None = None,
        columns: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> None:
        """Refuse a file of which no row would become an item; large files are not looked at.

        Raises:
            CatalogError: With the reason of the first row.
        """
        if sum(part.stat().st_size for part in parts_of(source)) > _LOOKED_AT:
            return
        preview = self.preview(source, images=images, columns=columns, name=name)
        if preview.items or not preview.left_out:
            return
        first = preview.left_out[0]
        raise CatalogError(
            f"No row of the file would become an item. Row {first.row}: {first.reason} Are the "
            "photos there, and are the columns read as you mean them?"
        )

    def preview(
        self,
        source: Path,
        *,
        images: Path | None = None,
        columns: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> FilePreview:
        """Read a catalogue file as ``index`` would, without storing anything.

        Raises:
            CatalogError: The name, the file, its columns or the images folder can't be used.
        """
        chosen = self.chosen.merged(own_name(name, source), source, columns)
        preview = preview_file(source, self._settings, images=images, columns=chosen.columns)
        return replace(preview, notes=preview.notes + chosen.notes, remembered=chosen.remembered)

    def index_demo(
        self,
        on_progress: OnProgress | None = None,
        engines: Collection[str] | None = None,
    ) -> IndexReport:
        """Index the shipped demo catalogue under the name ``demo``, and add its judgment set."""
        self._models.check_engines(engines or ())
        report = self._begin_demo(on_progress=on_progress, engines=engines).run()
        problem = self.demo_judgments.take_in()
        return replace(report, notes=(*report.notes, problem)) if problem else report

    def start_demo(self, author: str = "") -> str:
        """Index the demo in the background, as ``start`` does."""

        def with_judgments(run: Callable[[], object]) -> Callable[[], object]:
            return lambda: (run(), self.demo_judgments.take_in())

        self._jobs.start(self._begin_demo(author=author), with_judgments)
        return DEMO

    def _begin_demo(
        self,
        *,
        author: str = "",
        on_progress: OnProgress | None = None,
        engines: Collection[str] | None = None,
    ) -> BegunJob[IndexReport]:
        home = self._library.create(DEMO).store.root
        return self._begin_index(
            DEMO, demo.demo_items_path(), demo.demo_images_dir(), None,
            prune=demo.brought_earlier(home),
            snapshot=self._settings.shipped / "demo" / PRECOMPUTED,
            author=author, on_progress=on_progress, engines=engines,
        )  # fmt: skip

    def _begin_index(
        self,
        name: str,
        source: Path,
        images: Path | None,
        columns: Mapping[str, str] | None,
        *,
        title: str = "",
        prune: bool | Collection[str] = False,
        snapshot: Path | None = None,
        author: str = "",
        engines: Collection[str] | None = None,
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        workers: Workers | None = None,
    ) -> BegunJob[IndexReport]:
        file = look(source)
        catalog = self._library.create(name)
        taker = RemotePhotos(catalog.images, workers) if workers else None
        stages = stages_on(workers, catalog.images, self._settings, engines) if workers else None

        def rows(known_rows: Mapping[str, KnownRow]) -> Iterator[Ingested | QuarantinedRow]:
            read = ingest(
                source, images=images, columns=columns, store=catalog.images,
                settings=self._settings, known_rows=known_rows, photos=taker,
            )  # fmt: skip
            if not self._settings.fold_photos:
                return read
            return fold_photos(read, known_rows, catalog.images)

        job = begin_index(
            catalog.store,
            catalog.images,
            lambda: self._models.for_indexing(engines),
            rows,
            title=catalog.store.meta.read().title or title or ("Demo" if name == DEMO else name),
            source=source.name,
            total=file.rows,
            notes=file.notes,
            prune=prune,
            snapshot=snapshot,
            author=author,
            on_progress=on_progress,
            should_stop=should_stop,
            room=self._settings.indexing_memory_mb * 2**20,
            all_photos=self._settings.embed_all_photos,
            stages_of=stages,
        )
        if title and not catalog.store.meta.read().title:
            catalog.store.meta.write(replace(catalog.store.meta.read(), title=title))
        if name != DEMO:
            remember(catalog.store.root, LastSource(source, images, columns or {}))
            self.chosen.remember(name, columns or {})
        return job
