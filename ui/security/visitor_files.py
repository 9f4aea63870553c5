"""Files of visitors; the folder of a file identifies its owner.

``<root>/<owner>/<upload>/…``: the owner's name is derived from a secret of that browser and from
who is signed in there, so no table is needed, and files that a killed server left still have an
owner. Every upload has a folder of its own. Gradio serves and accepts files below ``root`` only
after ``EventGate`` has checked the owner.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from core.errors import StudioError

#: Smallest size that is counted per file, bytes.
SMALLEST = 4096


class UploadRefused(StudioError):
    """There is no room for an upload; the sentence says what to do."""


class VisitorFiles:
    """Uploaded files, and files made for one visitor.

    Args:
        root: Their folder; made where it is missing.
        quota: Bytes that one person may upload within ``life``.
        total: Bytes that all files may take.
        life: Seconds after its last use until a file is removed.
    """

    def __init__(self, root: Path, *, quota: int, total: int, life: float) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.root = root.resolve()
        self._quota, self._total, self._life = quota, total, life
        self._taken: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._lock = threading.Lock()

    def new_folder(self, owner: str) -> Path:
        """Make a new empty folder of an owner."""
        folder = self.root / owner / secrets.token_hex(8)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def owns(self, owner: str, path: str) -> bool:
        """Tell whether a path is a file of this owner; mark it as used."""
        try:
            real = Path(path).resolve(strict=True)
            if not (real.is_file() and real.is_relative_to(self.root / owner)):
                return False
            os.utime(real)
        except (OSError, ValueError, RuntimeError):  # missing, no path at all, a loop of links
            return False
        return True

    def reserve(self, person: str, size: int) -> None:
        """Count an upload of this many bytes for a person.

        Raises:
            UploadRefused: The person's or the total quota is exceeded.
        """
        now, size = time.monotonic(), max(size, SMALLEST)
        with self._lock:
            for name in [name for name, past in self._taken.items() if self._expire(past, now)]:
                del self._taken[name]
            taken = self._taken[person]
            if sum(bytes_ for _, bytes_ in taken) + size > self._quota:
                raise UploadRefused(
                    f"That is more than you may upload and export in {self._life / 3600:g} hours "
                    f"({self._quota // 2**20} MB). Try again later."
                )
            if self.used() + size > self._total:
                raise UploadRefused(
                    "There is no room for files just now. Try again in "
                    f"{self._life / 3600:g} hours, when older ones are gone."
                )
            taken.append((now, size))

    def used(self) -> int:
        """Return the bytes of all files."""
        return sum(max(status.st_size, SMALLEST) for _, status in _files(self.root))

    def forget(self, owner: str) -> None:
        """Remove all files of an owner."""
        shutil.rmtree(self.root / owner, ignore_errors=True)

    def sweep(self) -> None:
        """Remove files that were not used for long, and empty folders."""
        oldest = time.time() - self._life
        unused = [path for path, status in _files(self.root) if status.st_mtime < oldest]
        folders = [Path(folder) for folder, _, _ in os.walk(self.root, topdown=False)]
        for folder in folders[:-1]:  # the last is the root; asked before a removal touches them
            with suppress(OSError):
                if folder.stat().st_mtime < oldest:
                    unused.append(folder)
        for path in unused:
            with suppress(OSError):  # a folder with something in it stays, as it should
                path.rmdir() if path.is_dir() else path.unlink()

    def _expire(self, past: deque[tuple[float, int]], now: float) -> bool:
        while past and past[0][0] < now - self._life:
            past.popleft()
        return not past


def _files(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield every file below a folder with its status; skip files that are removed meanwhile."""
    for folder, _, names in os.walk(root):
        for name in names:
            with suppress(OSError):
                path = Path(folder) / name
                yield path, path.lstat()
