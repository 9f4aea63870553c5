"""Stream a catalogue file: every row becomes an item with a stored photo, or goes to quarantine."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from core.base.title_nouns import TitleNouns
from core.catalog.columns import ColumnMap, guess_columns
from core.catalog.drafting import Drafts
from core.catalog.fetch import fetch_public
from core.catalog.photos import forget_folders
from core.catalog.product_types import SURVEYED, ProductTypes
from core.catalog.readers import Unreadable, column_names, count_rows, read_rows
from core.catalog.rows import Draft, Rejected
from core.domain import Ingested, KnownRow, OnProgress, Photo, Progress, QuarantinedRow
from core.errors import CatalogError, ImageError
from core.settings import Settings
from core.store.image_store import ImageStore

_log = logging.getLogger(__name__)

#: Fetches a web address: ``(url, max_bytes=…, timeout=…) -> bytes``.
Fetch = Callable[..., bytes]

_WORKERS = 8
_WINDOW = 4 * _WORKERS
_FETCH_SECONDS = 20.0
_PROGRESS_SECONDS = 0.25


def ingest(
    path: Path,
    *,
    images: Path | None = None,
    columns: Mapping[str, str] | None = None,
    store: ImageStore,
    settings: Settings,
    known: Mapping[str, KnownRow] | None = None,
    on_progress: OnProgress | None = None,
    fetch: Fetch = fetch_public,
) -> Iterator[Ingested | QuarantinedRow]:
    """Read a catalogue file in order; photos are decoded and stored by a few threads ahead.

    A row whose words and photo (bytes; or path, size and time; or web address) are as in ``known``
    costs no decoding. Closing the iterator stops the work.

    Args:
        path: CSV, JSON lines or Parquet file.
        images: Folder that the photos' paths are relative to; the file's own folder when not given.
        columns: Field → column, instead of the guess (see ``guess_columns``).
        store: Where the photos go.
        settings: For the limit on the size of pictures.
        known: Rows taken before, by item id.
        on_progress: Called now and then with stage ``reading``, and once at the end.
        fetch: Gets a web address.

    Raises:
        CatalogError: The file, its columns or the images folder can't be used (at once), or the
            file is damaged further on or pictures can't be stored (while reading).
    """
    mapping = check_source(path, images=images, columns=columns)
    folder = (images or path.parent).resolve()
    forget_folders()
    run = _Run(path, folder, mapping, store, settings, known or {}, fetch)
    return run.rows(on_progress)


def check_source(
    path: Path, *, images: Path | None = None, columns: Mapping[str, str] | None = None
) -> ColumnMap:
    """Which column is what in a catalogue file; only its head is read.

    Raises:
        CatalogError: The file, its columns or the images folder can't be used.
    """
    if not (images or path.parent).resolve().is_dir():
        raise CatalogError(f"The images folder “{images}” does not exist.")
    return guess_columns(column_names(path), columns)


def product_types(path: Path, columns: ColumnMap, settings: Settings) -> ProductTypes:
    """Survey a file's first rows, to decide what their product types are.

    Raises:
        CatalogError: The file can't be read.
    """
    rows = (row for _, row in islice(read_rows(path), SURVEYED) if not isinstance(row, Unreadable))
    nouns = TitleNouns(settings.shipped / "vocabularies")
    return ProductTypes(nouns, columns.title, columns.categories, rows)


class _Run:
    """One pass over one file."""

    def __init__(
        self,
        path: Path,
        folder: Path,
        columns: ColumnMap,
        store: ImageStore,
        settings: Settings,
        known: Mapping[str, KnownRow],
        fetch: Fetch,
    ) -> None:
        self._path = path
        self._columns = columns
        self._store = store
        self._max_bytes = settings.max_upload_mb * 2**20
        self._known = known
        self._fetch = fetch
        types = product_types(path, columns, settings)
        self._drafts = Drafts(folder, columns, types, salt=str(store.long_side))
        # Many threads may wait for the network; only as many decode as there are cores.
        self._decoding = threading.Semaphore(settings.threads or os.cpu_count() or 1)

    def rows(self, on_progress: OnProgress | None) -> Iterator[Ingested | QuarantinedRow]:
        total = count_rows(self._path) if on_progress else 0
        done, reported = 0, time.monotonic()
        pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="photos")
        waiting: deque[Future[Ingested | QuarantinedRow]] = deque()
        try:
            for number, row in read_rows(self._path):
                waiting.append(self._submit(pool, number, row))
                while waiting and (len(waiting) > _WINDOW or waiting[0].done()):
                    yield waiting.popleft().result()
                    done += 1
                    if on_progress and time.monotonic() - reported > _PROGRESS_SECONDS:
                        on_progress(Progress("reading", done, total))
                        reported = time.monotonic()
            while waiting:
                yield waiting.popleft().result()
                done += 1
            if on_progress:
                on_progress(Progress("reading", done, total))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self, pool: ThreadPoolExecutor, number: int, row: Mapping[str, object] | Unreadable
    ) -> Future[Ingested | QuarantinedRow]:
        outcome: Ingested | QuarantinedRow
        try:
            draft = self._drafts.of(number, row)
        except Rejected as error:
            outcome = QuarantinedRow(number, error.item_id, error.field, str(error))
        except Exception as error:
            _log.warning("Row %d can't be read.", number, exc_info=error)
            outcome = QuarantinedRow(number, "", "", f"The row can't be read: {_said(error)}.")
        else:
            before = self._known.get(draft.item_id)
            if before is None or before.row_key != draft.row_key:
                return pool.submit(self._take, number, draft)
            if before.item.photo.sha256 not in self._store:
                return pool.submit(self._take, number, draft)
            outcome = Ingested(before.item, before.row_key, unchanged=True)
        finished: Future[Ingested | QuarantinedRow] = Future()
        finished.set_result(outcome)
        return finished

    def _take(self, number: int, draft: Draft) -> Ingested | QuarantinedRow:
        try:
            photo = self._store_photo(draft)
        except ImageError as error:
            return QuarantinedRow(number, draft.item_id, self._columns.image, str(error))
        except CatalogError:  # pictures can't be stored: true of every row
            raise
        except Exception as error:
            _log.warning("Row %d can't be taken.", number, exc_info=error)
            reason = f"The photo can't be used: {_said(error)}."
            return QuarantinedRow(number, draft.item_id, self._columns.image, reason)
        return Ingested(draft.item(photo), draft.row_key, unchanged=False)

    def _store_photo(self, draft: Draft) -> Photo:
        source = draft.origin
        if isinstance(source, str):
            source = self._fetch(source, max_bytes=self._max_bytes, timeout=_FETCH_SECONDS)
        with self._decoding:
            return self._store.add(source)


def _said(error: Exception) -> str:
    """First line of an error, for people."""
    first = (str(error).splitlines() or [""])[0].strip().rstrip(".")
    return first[:200] or type(error).__name__
