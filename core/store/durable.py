"""Make an append to a local LanceDB table survive a power cut, not only a crash of the process.

LanceDB 0.40 writes without ``fsync`` (checked with strace; its ``local_fsync`` storage option is
not known to this version), so the files that a commit made are flushed here.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

#: File times are only as fine as the kernel's clock tick, seconds.
_TICK = 0.05


class Flusher:
    """Flushes what was written to a table's folder since a moment.

    Args:
        folder: Folder of the table; where it is not on a local disk, nothing is done (an object
            store acknowledges only what it keeps).
    """

    def __init__(self, folder: Path) -> None:
        self._folders = [folder / name for name in ("data", "_transactions", "_versions")]

    def moment(self) -> float:
        """Now, for ``flush``."""
        return time.time() - _TICK

    def flush(self, since: float) -> None:
        """Flush files written since ``since``, then their folders.

        Raises:
            OSError: The disk refuses.
        """
        for folder in self._folders:
            if not folder.is_dir():
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    # a compaction of another process may remove a file in between
                    with contextlib.suppress(FileNotFoundError):
                        if entry.stat().st_mtime >= since:
                            _sync(Path(entry.path))
            _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
