"""The last few results of something slow, by key; safe to use from several threads."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from PIL import Image

T = TypeVar("T")


class Recent(Generic[T]):
    """Keeps the ``keep`` results that were used last."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._values: OrderedDict[object, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> T | None:
        """The result under a key, or ``None``; it counts as used."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: object, value: T) -> T:
        """Keep a result, and give it back."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._keep:
                self._values.popitem(last=False)
        return value


def pixel_hash(image: Image.Image) -> str:
    """SHA-256 of a picture's mode, size and pixels: the same picture, the same hash."""
    head = f"{image.mode} {image.size} ".encode()
    return hashlib.sha256(head + image.tobytes()).hexdigest()
