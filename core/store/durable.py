"""Make an append to a local LanceDB table survive a power cut, not only a crash of the process.

LanceDB 0.40 writes without ``fsync`` (checked with strace; its ``local_fsync`` storage option is
not known to this version), so the files that a commit made are flushed here.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from core.base.atomic import replacing


class Flusher:
    """Flushes the files written to a table's folder since the last flush.

    Names are remembered, because written files never change, and listing thousands of names is
    cheaper than checking each file. The first flush takes all files that are there: a
    process may have been killed before it flushed its last ones.

    Args:
        folder: Folder of the table; nothing is done if it is not on a local disk (an object store
        acknowledges only stored data).
    """

    def __init__(self, folder: Path) -> None:
        self._folders = [folder / name for name in ("data", "_transactions", "_versions")]
        self._flushed: dict[Path, set[str]] = {inner: set() for inner in self._folders}
        self._refused: set[Path] = set()

    def flush(self) -> None:
        """Flush the files that were not there at the last flush, then their folders.

        Raises:
            OSError: The disk reported an error.
        """
        for folder in self._folders:
            if not folder.is_dir():
                continue
            names = set(_names(folder))
            for name in names - self._flushed[folder]:
                # a compaction of another process may remove a file in between
                with contextlib.suppress(FileNotFoundError):
                    self._flush_file(folder / name)
            _sync(folder)
            self._flushed[folder] = names

    def _flush_file(self, path: Path) -> None:
        if path in self._refused:
            # Linux reports a failed write once and counts the pages as clean afterwards: a second
            # `fsync` would succeed without having written anything.
            with replacing(path) as again:
                again.write_bytes(path.read_bytes())
            self._refused.discard(path)
            return
        try:
            _sync(path)
        except FileNotFoundError:
            raise
        except OSError:
            self._refused.add(path)
            raise


def _names(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.is_dir() else []  # noqa: PTH208 (names only: faster)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
