"""Catalogues that were removed and can be put back, or deleted for good.

A folder is moved away. In a bucket nothing is moved: an object in ``removed`` takes the place of
the one that says that the catalogue is there, and until it is gone the name can't be used anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from core.base.buckets import bucket_of
from core.store.catalog_folders import MADE, REMOVED


class RemovedCatalogs:
    """The removed catalogues of a data directory, by keys that begin with ``NAME.``.

    Args:
        root: Folder of the catalogues.
    """

    def __init__(self, root: Path) -> None:
        self._root, self._home = root, root.parent / REMOVED
        self._bucket = bucket_of(root)

    def keys(self) -> list[str]:
        """Return the keys of all that are there."""
        if self._bucket is not None:
            return list(self._bucket.files(self._home))
        folders = self._home.iterdir() if self._home.is_dir() else ()
        return [path.name for path in folders if path.is_dir()]

    def add(self, name: str, key: str) -> None:
        """Remove a catalogue; nobody may be writing to it."""
        if self._bucket is not None:
            self._bucket.put(self._home / key, b"")
            self._bucket.delete(self._root / f"{name}{MADE}")
            return
        self._home.mkdir(parents=True, exist_ok=True)
        (self._root / name).rename(self._home / key)

    def restore(self, name: str, key: str) -> None:
        """Put a catalogue back; the name must be free."""
        if self._bucket is not None:
            self._bucket.put_new(self._root / f"{name}{MADE}", key.encode())
            self._bucket.delete(self._home / key)
            return
        (self._home / key).rename(self._root / name)

    def delete(self, name: str, key: str) -> None:
        """Delete a catalogue for good.

        Raises:
            OSError: A file of it can't be deleted.
        """
        if self._bucket is None:
            shutil.rmtree(self._home / key)
            return
        # A server that stopped between the two steps of a removal or restoring left both objects.
        if not self._bucket.has(self._root / f"{name}{MADE}"):
            self._bucket.delete_all(self._root / name)
            shutil.rmtree(self._root / name, ignore_errors=True)
        self._bucket.delete(self._home / key)
