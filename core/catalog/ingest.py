"""Stream a catalogue file: every row becomes an item with a stored photo, or goes to quarantine."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from core.base.tables import Table
from core.base.title_nouns import TitleNouns
from core.catalog.cells import plain
from core.catalog.columns import ColumnMap, guess_columns
from core.catalog.drafting import Drafts
from core.catalog.feed_parts import folder_of
from core.catalog.fetch import fetch_public
from core.catalog.parents import parents
from core.catalog.photo_taking import Fetch, LocalPhotos, PhotoTaker
from core.catalog.photos import Origin, file_of_link, forget_folders, locate, unusable
from core.catalog.product_types import SURVEYED, ProductTypes
from core.catalog.products import Product, products
from core.catalog.readers import open_catalog
from core.catalog.rows import Draft, Rejected
from core.catalog.text import clean
from core.domain import Ingested, Item, KnownRow, OnProgress, Photo, Progress, QuarantinedRow
from core.errors import CatalogError, ImageError
from core.settings import Settings
from core.store.image_store import ImageStore

_log = logging.getLogger(__name__)
#: Rows that are read ahead, for each photo under way.
_WINDOW = 4
#: Failed addresses of further photos per item, after which the rest stay addresses.
_MOST_FAILED = 2
_PROGRESS_SECONDS = 0.25
#: Rows in which photos are looked for by id, where no column names them.
_HEAD = 100
_ID_LIMIT = 200


def ingest(
    path: Path,
    *,
    images: Path | None = None,
    columns: Mapping[str, str] | None = None,
    store: ImageStore,
    settings: Settings,
    known_rows: Mapping[str, KnownRow] | None = None,
    on_progress: OnProgress | None = None,
    fetch: Fetch = fetch_public,
    photos: PhotoTaker | None = None,
) -> Iterator[Ingested | QuarantinedRow]:
    """Read a catalogue file in order; photos are decoded and stored by a few threads ahead.

    A row whose texts and photo (bytes; or path, size and time; or web address) equal those in
    ``known_rows`` is not decoded again. Closing the iterator stops the work.

    Args:
        path: CSV, JSON lines or Parquet file, or several; see ``feed_parts``.
        images: Folder that the photos' paths are relative to; default: the file's folder.
        columns: Field → column, instead of the guess (see ``guess_columns``).
        store: Store for the photos.
        settings: Settings with the limit on the size of pictures.
        known_rows: Rows of earlier runs, by item id.
        on_progress: Called from time to time with stage ``reading``, and once at the end.
        fetch: Fetches a web address.
        photos: Takes the photos into the store; in threads of this process if it is not given.

    Raises:
        CatalogError: The file, its columns or the images folder can't be used (at once), or the
            file is damaged further on or pictures can't be stored (while reading).
    """
    _check_folder(path, images)
    table = open_catalog(path)
    forget_folders()
    folder = (images or folder_of(path)).resolve()
    mapping = map_columns(table, folder, columns)
    photos = photos or LocalPhotos(store, settings, fetch)
    run = _Run(table, folder, mapping, store, settings, known_rows or {}, photos)
    return run.rows(on_progress)


def check_source(
    path: Path, *, images: Path | None = None, columns: Mapping[str, str] | None = None
) -> ColumnMap:
    """Return which column is what in a catalogue file; only its head is read.

    Raises:
        CatalogError: The file, its columns or the images folder can't be used.
    """
    _check_folder(path, images)
    forget_folders()
    return map_columns(open_catalog(path), (images or folder_of(path)).resolve(), columns)


def map_columns(table: Table, folder: Path, columns: Mapping[str, str] | None) -> ColumnMap:
    """Return which column is what; none needs to name photos that are named like the items' ids.

    Raises:
        CatalogError: There is no column for the title or the image, or a chosen one is not there.
    """
    try:
        return guess_columns(table.columns, columns)
    except CatalogError:
        if (columns or {}).get("image"):
            raise
        mapping = guess_columns(table.columns, columns, photos_by_id=True)
        for row in islice(table.rows(), _HEAD):
            names = (mapping.item_id, *mapping.codes)
            ids = [clean(plain(row.cells.get(name)), _ID_LIMIT) for name in names if name]
            with suppress(ImageError):
                locate(None, folder, ids)
                return mapping
        raise


def _check_folder(path: Path, images: Path | None) -> None:
    if not (images or folder_of(path)).resolve().is_dir():
        raise CatalogError(f"The images folder “{images}” does not exist.")


def product_types(table: Table, columns: ColumnMap, settings: Settings) -> ProductTypes:
    """Survey a file's first rows, to decide what their product types are.

    Raises:
        CatalogError: The file can't be read.
    """
    rows = (row.cells for row in islice(table.rows(), SURVEYED) if not row.problem)
    nouns = TitleNouns(settings.shipped / "vocabularies")
    return ProductTypes(nouns, columns.title, columns.categories, rows)


def start_drafts(
    table: Table, folder: Path, columns: ColumnMap, settings: Settings, salt: str
) -> Drafts:
    """Get ready to turn a file's products into drafts of items; the file is surveyed for that.

    Args:
        table: The file.
        folder: Folder of the pictures, resolved.
        columns: What the columns mean.
        settings: Where the vocabularies lie.
        salt: What the stored photo depends on besides its source.

    Raises:
        CatalogError: The file can't be read.
    """
    types = product_types(table, columns, settings)
    try:
        groups = parents(table.rows(), columns)
    except CatalogError:  # damaged further on: rows before the damage can be indexed
        groups = {}
    return Drafts(folder, columns, types, salt, groups)


class _Run:
    """One pass over one file."""

    def __init__(
        self,
        table: Table,
        folder: Path,
        columns: ColumnMap,
        store: ImageStore,
        settings: Settings,
        known_rows: Mapping[str, KnownRow],
        photos: PhotoTaker,
    ) -> None:
        self._table = table
        self._folder = folder
        self._columns = columns
        self._store = store
        self._known_rows = known_rows
        self._photos = photos
        self._drafts = start_drafts(table, folder, columns, settings, str(store.long_side))

    def rows(self, on_progress: OnProgress | None) -> Iterator[Ingested | QuarantinedRow]:
        total = _count(self._table) if on_progress else 0
        done, reported = 0, time.monotonic()
        pool = ThreadPoolExecutor(self._photos.at_once, thread_name_prefix="photos")
        window = _WINDOW * self._photos.at_once
        waiting: deque[Future[Ingested | QuarantinedRow]] = deque()
        try:
            for product in products(self._table.rows(), self._columns):
                outcome = self._submit(pool, product)
                if outcome is not None:
                    waiting.append(outcome)
                done = product.row.number - len(waiting)
                while waiting and (len(waiting) > window or waiting[0].done()):
                    yield waiting.popleft().result()
                    done += 1
                    if on_progress and time.monotonic() - reported > _PROGRESS_SECONDS:
                        on_progress(Progress("reading", done, total))
                        reported = time.monotonic()
            while waiting:
                yield waiting.popleft().result()
            if on_progress:
                on_progress(Progress("reading", total, total))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _submit(
        self, pool: ThreadPoolExecutor, product: Product
    ) -> Future[Ingested | QuarantinedRow] | None:
        """Return the outcome of a product; ``None`` where its row repeats an earlier one."""
        number = product.row.number
        outcome: Ingested | QuarantinedRow | Draft | None
        try:
            outcome = self._begin(product)
        except Rejected as error:
            outcome = QuarantinedRow(number, error.item_id, error.field, str(error))
        except Exception as error:
            outcome = _unreadable(number, "", error)
        if outcome is None:
            return None
        if isinstance(outcome, Draft):
            return pool.submit(self._take, product, outcome)
        finished: Future[Ingested | QuarantinedRow] = Future()
        finished.set_result(outcome)
        return finished

    def _begin(self, product: Product) -> Ingested | Draft | None:
        """Return a product's stored row, or the row to store."""
        draft = self._drafts.of(product)
        before = self._known_rows.get(draft.item_id) if draft else None
        if draft is None or before is None or before.row_key != draft.row_key:
            return draft
        if any(photo.sha256 not in self._store for photo in before.item.photos):
            return draft
        return _ingested(before.item, before.row_key, product, unchanged=True)

    def _take(self, product: Product, draft: Draft) -> Ingested | QuarantinedRow:
        number = product.row.number
        if draft.origin is None:
            return _ingested(draft.item(), draft.row_key, product, unchanged=False)
        try:
            draft, photo = self._first(draft, draft.origin)
            more = self._further(draft)
        except ImageError as error:
            return QuarantinedRow(number, draft.item_id, self._columns.image, str(error))
        except CatalogError:  # the store can't be written to, so no row is at fault
            raise
        except Exception as error:
            return _unreadable(number, draft.item_id, error)
        return _ingested(draft.item(photo, more), draft.row_key, product, unchanged=False)

    def _first(self, draft: Draft, first: Origin) -> tuple[Draft, Photo]:
        """Store the first photo that can be read; it becomes the first of the draft.

        Raises:
            ImageError: None can be read; said of the first one.
        """
        try:
            return draft, self._store_photo(first)
        except ImageError:
            for place, origin in enumerate(draft.more):
                if isinstance(origin, str):  # each may take as long as a server that is not there
                    break
                try:
                    photo = self._store_photo(origin)
                except ImageError:
                    continue
                return replace(draft, origin=origin, more=draft.more[place + 1 :]), photo
            raise

    def _further(self, draft: Draft) -> dict[Origin, Photo]:
        """Store the further photos, also those on the web; what fails is kept as an address.

        After two failed addresses the item's others are skipped: each may take as long as a
        server's timeout.
        """
        stored: dict[Origin, Photo] = {}
        failed = 0
        for origin in draft.more:
            is_link = isinstance(origin, str)
            if is_link and failed >= _MOST_FAILED:
                continue
            try:
                stored[origin] = self._store_photo(origin)
            except ImageError as error:  # the item has its first photo
                failed += is_link
                _log.warning("A further photo of “%s” was left out: %s", draft.item_id, error)
        return stored

    def _store_photo(self, origin: Origin) -> Photo:
        try:
            return self._photos.take(origin)
        except ImageError as error:
            # An export of a shop names its links, and people give the pictures themselves with it.
            file = file_of_link(origin, self._folder) if isinstance(origin, str) else None
            with suppress(ImageError):
                if file is not None:
                    return self._photos.take(file)
            raise unusable(origin, error) from None


def _ingested(item: Item, row_key: str, product: Product, *, unchanged: bool) -> Ingested:
    return Ingested(item, row_key, unchanged, product.row.number, product.rows)


def _count(table: Table) -> int:
    """Return the number of rows; 0 if the file is damaged: rows before the damage can be
    indexed."""
    try:
        return table.count()
    except CatalogError:
        return 0


def _unreadable(number: int, item_id: str, error: Exception) -> QuarantinedRow:
    """Return a row that hit an internal error: it is left out, and the log has the reason."""
    _log.exception("Row %d could not be read", number, exc_info=error)
    lines = str(error).encode("utf-8", "replace").decode().splitlines()
    reason = f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
    return QuarantinedRow(number, item_id, "", f"This row could not be read ({reason}).")
