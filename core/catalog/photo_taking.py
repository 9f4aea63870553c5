"""Take photos from files and web addresses into a catalogue's store."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from core.catalog.fetch import fetch_public
from core.catalog.photos import Origin
from core.domain import Photo
from core.settings import Settings
from core.store.image_store import ImageStore

#: Fetches a web address: ``(url, max_bytes=…, timeout=…) -> bytes``.
Fetch = Callable[..., bytes]
#: Longest wait for a photo's server, seconds.
FETCH_SECONDS = 20.0
#: Photos under way at once on one machine: most of them wait for other servers.
AT_ONCE = 8


class PhotoTaker(Protocol):
    """Protocol of what takes photos; many threads may call it at once.

    Attributes:
        at_once: Number of photos that it can have under way at once.
    """

    at_once: int

    def take(self, origin: Origin) -> Photo:
        """Store the photo of a web address or a file.

        Raises:
            ImageError: It can't be used.
            CatalogError: It can't be stored.
        """
        ...


class LocalPhotos:
    """Fetches and decodes in the threads of the caller.

    Args:
        store: Store for the photos.
        settings: Settings with the limit on the size of pictures.
        fetch: Fetches a web address.
    """

    at_once = AT_ONCE

    def __init__(self, store: ImageStore, settings: Settings, fetch: Fetch = fetch_public) -> None:
        self._store, self._fetch = store, fetch
        self._max_bytes = settings.max_upload_mb * 2**20
        # Many threads may wait for the network; only as many decode as there are cores.
        self._decoding = threading.Semaphore(settings.threads or os.cpu_count() or 1)

    def take(self, origin: Origin) -> Photo:
        """Store a photo; see ``PhotoTaker``."""
        source: bytes | Path
        if isinstance(origin, str):
            source = self._fetch(origin, max_bytes=self._max_bytes, timeout=FETCH_SECONDS)
        else:
            source = origin
        with self._decoding:
            return self._store.add(source)
