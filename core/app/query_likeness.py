"""Compare the picture of a search with the pictures of a judgment set's queries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import imagehash
from PIL import Image

from core.app.library import Catalog
from core.base.image_decoding import read_image
from core.domain import JudgmentQuery
from core.errors import ImageError
from core.judging.open_queries import LooksLike
from core.search.duplicates import MAX_DISTANCE, distance

#: Pictures of queries whose hashes are kept in memory.
_HASHES_KEPT = 4096


def likeness(catalog: Catalog, picture: Image.Image) -> LooksLike:
    """Return a function that returns the queries whose picture, or item's photo, is this one.

    Two pictures are the same if their perceptual hashes differ in few bits, so a saved, shrunk or
    newly compressed copy counts, too.
    """
    wanted = str(imagehash.phash(picture))

    def looks_like(queries: Sequence[JudgmentQuery]) -> set[str]:
        items = catalog.store.items.get({query.item_id for query in queries} - {""})
        hashes = {
            query.query_id: _hash_of(catalog.images.path(query.picture, thumbnail=True))
            if query.picture
            else items[query.item_id].photo.phash
            for query in queries
            if query.picture or query.item_id in items
        }
        return {name for name, other in hashes.items() if _is_near(wanted, other)}

    return looks_like


@lru_cache(maxsize=_HASHES_KEPT)
def _hash_of(path: Path) -> str:
    try:
        return str(imagehash.phash(read_image(path)))
    except ImageError:
        return ""


def _is_near(wanted: str, other: str) -> bool:
    """Tell whether two hashes are of one picture; items of before hashes were stored have none."""
    return len(other) == len(wanted) and distance(wanted, other) <= MAX_DISTANCE
