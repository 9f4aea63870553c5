"""A small cache of the results that were used last, by key; safe to use from several threads."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from PIL import Image

T = TypeVar("T")


class Recent(Generic[T]):
    """A cache of the ``keep`` results that were used last."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._values: OrderedDict[object, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> T | None:
        """Return the result of a key, or ``None``; mark it as used."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: object, value: T) -> T:
        """Store a result and return it."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._keep:
                self._values.popitem(last=False)
        return value


def look_up(
    recent: Recent[T], keys: Sequence[Hashable], compute: Callable[[list[int]], Iterable[T]]
) -> list[T]:
    """Return the result of each key; those that are not there are computed, each key once.

    Args:
        recent: The cache.
        keys: One key per input.
        compute: Returns the results of the inputs at some places, in order.
    """
    results = {key: recent.get(key) for key in keys}
    missing = {key: place for place, key in enumerate(keys) if results[key] is None}
    if missing:
        new = compute(list(missing.values()))
        results |= {key: recent.put(key, value) for key, value in zip(missing, new, strict=True)}
    return [value for key in keys if (value := results[key]) is not None]


def pixel_hash(image: Image.Image) -> str:
    """Return the SHA-256 of a picture's mode, size and pixels."""
    head = f"{image.mode} {image.size} ".encode()
    return hashlib.sha256(head + image.tobytes()).hexdigest()
