"""Fetch and decode photos on workers; the files are written here."""

from __future__ import annotations

from core.base.image_decoding import read_bytes
from core.catalog.fetch import fetch_public
from core.catalog.photo_taking import AT_ONCE, FETCH_SECONDS, Fetch
from core.catalog.photos import Origin
from core.domain import Photo
from core.errors import ImageError, WorkerLost
from core.ports.workers import Workers
from core.store.image_store import ImageStore, PictureLimits, StoredPicture, stored_picture


class RemotePhotos:
    """Takes photos into a store, with the work of reading them on workers; see ``PhotoTaker``.

    Args:
        store: The store.
        workers: The workers.
        fetch: Fetches a web address, on a worker.
    """

    def __init__(self, store: ImageStore, workers: Workers, fetch: Fetch = fetch_public) -> None:
        self._store, self._workers, self._fetch = store, workers, fetch
        self.at_once = AT_ONCE * workers.count

    def take(self, origin: Origin) -> Photo:
        """Store a photo; one that ends its worker twice can't be used."""
        limits = self._store.limits
        source = origin if isinstance(origin, str) else read_bytes(origin, limits.max_bytes)
        try:
            picture = self._workers.call(read_picture, source, limits, self._fetch)
        except WorkerLost as error:
            raise ImageError(str(error)) from None
        return self._store.put(picture)


def read_picture(source: str | bytes, limits: PictureLimits, fetch: Fetch) -> StoredPicture:
    """Make the picture of a web address or a file's content ready to be stored."""
    if isinstance(source, str):
        source = fetch(source, max_bytes=limits.max_bytes, timeout=FETCH_SECONDS)
    return stored_picture(source, limits)
