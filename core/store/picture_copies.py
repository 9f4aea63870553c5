"""The copies of a bucket's pictures on this server: those that were used longest ago go first."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

_log = logging.getLogger(__name__)

#: What is left after old copies were deleted, as a share of the limit.
_LEFT = 0.8
#: A copy that was used in the last so many seconds stays: somebody may be reading it.
_IN_USE = 60.0
#: Pictures below the folder of a data directory.
_PICTURES = "catalogs/*/images/*/*.jpg"


class PictureCopies:
    """Keeps the copies of all catalogues of a data directory within a limit.

    The time at which a copy was used last is its file's access time, which is set here: disks are
    often mounted so that reading does not. Several processes may share the folder; each counts what
    it adds, and looks at the whole folder before it deletes anything.

    Args:
        folder: Folder of the data directory.
        most: Most bytes that the copies take together.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most = folder, most
        self._lock = threading.Lock()
        self._added = most  # what earlier processes left is looked at with the first copy
        self._trimmer: threading.Thread | None = None

    def used(self, path: Path) -> bool:
        """Note that a copy is used now; return whether there is one."""
        try:
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except FileNotFoundError:
            return False
        except OSError:  # a folder that this process may only read
            return path.is_file()
        return True

    def added(self, size: int) -> None:
        """Count a new copy of so many bytes; a thread deletes old copies where it is time to."""
        with self._lock:
            self._added += size
            if self._added < self._most * (1 - _LEFT):
                return
            if self._trimmer is not None and self._trimmer.is_alive():
                return
            self._added = 0
            self._trimmer = threading.Thread(target=self.trim, name="picture-copies", daemon=True)
            self._trimmer.start()

    def trim(self) -> None:
        """Delete the copies that were used longest ago, down to a part of the limit."""
        copies = sorted(self._copies())
        total = sum(size for _, size, _ in copies)
        newest = time.time() - _IN_USE
        for used, size, path in copies:
            if total <= _LEFT * self._most or used > newest:
                break
            with suppress(OSError):
                path.unlink(missing_ok=True)  # another trim may have deleted it, too
                total -= size
        if total > self._most:
            _log.warning(
                "The pictures in use take %.0f MB, more than VLCLIP_PICTURE_COPIES_MB allows",
                total / 2**20,
            )

    def _copies(self) -> list[tuple[float, int, Path]]:
        """Return the time of the last use, the size and the path of each copy."""
        copies = []
        for path in self._folder.glob(_PICTURES):
            with suppress(OSError):  # deleted meanwhile
                stat = path.stat()
                copies.append((stat.st_atime, stat.st_size, path))
        return copies
