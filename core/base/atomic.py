"""Write files atomically: a reader sees the old or the new content, never a part of it."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path, mode: int = 0o644, *, fsync: bool = True) -> Iterator[Path]:
    """Yield a new empty file in the folder of ``path``; it replaces ``path`` when the block ends.

    Its name is unique per call, so threads and processes never share it. If the block raises,
    ``path`` stays as it was. With ``fsync`` the content survives a power failure.
    """
    partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.tmp")
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))  # obeys the umask
    try:
        yield partial
        put_in_place(partial, path, fsync=fsync)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def put_in_place(finished: Path, path: Path, *, fsync: bool = True) -> None:
    """Move a finished file or folder to ``path``, on the same disk, instead of what is there.

    An existing folder is removed first, so for a moment there is none. A folder's files
    are not flushed.
    """
    if finished.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    elif fsync:
        _flush(finished)
    finished.replace(path)
    if fsync and os.name == "posix":  # Windows can't open folders
        _flush(path.parent)


def atomic_write(path: Path, data: bytes | str, mode: int = 0o644, *, fsync: bool = True) -> None:
    """Replace a file's content; text is written as UTF-8 with its line ends unchanged."""
    with replacing(path, mode, fsync=fsync) as partial:
        partial.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
