"""Give items whose photos look the same one photo, before anything is computed of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.domain import Ingested, Item, KnownRow, Photo, QuarantinedRow
from core.ports.engines import Photos
from core.search.duplicates import MAX_DISTANCE
from core.search.photo_look import PhotoLooks
from core.store.items import ItemRecord

#: How many hashes there is room for at first; the room doubles when it is full.
_ROOM = 1024


class PhotoFolding:
    """Finds the first photo that a later one repeats: a close perceptual hash and the same colours.

    The rules are those by which a search folds its hits: variants of a product keep their photos,
    and so do things of different types.

    Args:
        photos: The catalogue's photos.
        items: Items that are there already, in order.
    """

    def __init__(self, photos: Photos, items: Iterable[Item] = ()) -> None:
        self._looks = PhotoLooks(photos)
        self._hashes: npt.NDArray[np.uint64] = np.zeros(_ROOM, np.uint64)
        self._items: list[Item] = []
        self._photos: set[str] = set()
        for item in items:
            self._keep(item)

    def folded(self, item: Item) -> Item:
        """Return the item with the photo that it repeats; as it is where it repeats none."""
        if not item.has_photo:
            return item
        earlier = self._earlier(item)
        if earlier is not None:
            return replace(item, photo=earlier)
        self._keep(item)
        return item

    def _earlier(self, item: Item) -> Photo | None:
        if item.photo.sha256 in self._photos:
            return None
        apart = np.bitwise_count(self._hashes[: len(self._items)] ^ _bits(item.photo))
        for place in np.flatnonzero(apart <= MAX_DISTANCE):
            first = self._items[int(place)]
            pair = {"first": ItemRecord(first, ""), "second": ItemRecord(item, "")}
            if self._looks.compare(pair)("first", "second"):
                return first.photo
        return None

    def _keep(self, item: Item) -> None:
        if not item.has_photo or item.photo.sha256 in self._photos:
            return
        if len(self._items) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
        self._hashes[len(self._items)] = _bits(item.photo)
        self._items.append(item)
        self._photos.add(item.photo.sha256)


def fold_photos(
    outcomes: Iterable[Ingested | QuarantinedRow],
    known_rows: Mapping[str, KnownRow],
    photos: Photos,
) -> Iterator[Ingested | QuarantinedRow]:
    """Yield the rows of a file; new and changed items have the photo that they repeat.

    Args:
        outcomes: The rows.
        known_rows: Rows of earlier runs, by item id; they keep their photos.
        photos: The catalogue's photos.
    """
    folding = PhotoFolding(photos, (row.item for row in known_rows.values()))
    for outcome in outcomes:
        if isinstance(outcome, QuarantinedRow) or outcome.unchanged:
            yield outcome
        else:
            yield replace(outcome, item=folding.folded(outcome.item))


def _bits(photo: Photo) -> np.uint64:
    return np.uint64(int(photo.phash, 16))
