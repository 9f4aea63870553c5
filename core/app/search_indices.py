"""Keep the search indices of large catalogues up to date, in a job of their own."""

from __future__ import annotations

from core.app.library import Library
from core.domain import Job, OnProgress
from core.errors import CatalogBusy, CatalogError
from core.pipeline.search_index_job import begin_search_index, due, search_index_job
from core.ports.workers import Workers


class SearchIndices:
    """Builds indices that are missing or old; new rows can be searched before that, too."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def refresh(
        self, catalog: str, on_progress: OnProgress | None = None, workers: Workers | None = None
    ) -> None:
        """Build what is missing or old in one catalogue; a job that does it already goes on."""
        store = self._library.get(catalog).store
        engines = due(store)
        if engines:
            try:
                job = begin_search_index(store, engines, on_progress, workers)
            except CatalogBusy:
                return
            job.run()

    def refresh_all(self) -> None:
        """Build what is missing or old in all catalogues, one after another."""
        for name in self._library.names():
            try:
                self.refresh(name)
            except CatalogError:  # its card says what is damaged; the others go on
                continue

    def latest(self, catalog: str) -> Job | None:
        """Return the running or last job of a catalogue; ``None`` if there was none."""
        return search_index_job(self._library.folder(catalog)).read()
