"""Small files that all servers of a data directory share.

In a plain folder they are files, and these functions add nothing. In a bucket each is an object,
and the local file is this server's copy of it: ``latest`` brings the copy up to date, ``share``
writes the object first and the copy after it. Who changes a file holds its lock meanwhile.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from core.base.atomic import atomic_write
from core.base.buckets import Bucket, Tag, bucket_of

#: A copy is taken for up to date so long, seconds; many are read several times per request.
FRESH = 1.0

_seen: dict[Path, tuple[Tag | None, float]] = {}
_lock = threading.Lock()


def latest(path: Path, age: float = FRESH) -> Path:
    """Return the path of a file, once its content is no older than ``age`` seconds.

    Raises:
        BucketError: The store can't be asked.
    """
    bucket = bucket_of(path)
    if bucket is not None:
        _refresh(bucket, path, age)
    return path


def latest_in(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a folder, as ``Path.glob``, each as new as the listing."""
    bucket = bucket_of(folder)
    if bucket is None:
        return list(folder.glob(pattern))
    paths = [folder / name for name in bucket.files(folder) if Path(name).match(pattern)]
    return [path for path in paths if latest(path).is_file()]


def share(path: Path, data: bytes | str, mode: int = 0o644, *, fsync: bool = True) -> None:
    """Replace a file's content for all servers; see ``atomic_write``."""
    bucket = bucket_of(path)
    if bucket is not None:
        bucket.put(path, data.encode("utf-8") if isinstance(data, str) else data)
        path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, data, mode, fsync=fsync)


def append(path: Path, line: str) -> None:
    """Add a line to a file, for all servers; lines that others add meanwhile stay."""
    bucket = bucket_of(path)
    if bucket is None:
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
        return
    added = None
    while added is None:
        stored, data = bucket.get(path), line.encode("utf-8")
        if stored is None:
            added = bucket.put_new(path, data)
        else:
            added = bucket.put_over(path, stored.data + data, stored.tag)


def unshare(path: Path) -> None:
    """Delete a file for all servers, where there is one."""
    bucket = bucket_of(path)
    if bucket is not None:
        bucket.delete(path)
    path.unlink(missing_ok=True)


def _refresh(bucket: Bucket, path: Path, age: float) -> None:
    with _lock:
        tag, checked = _seen.get(path, (None, float("-inf")))
    if time.monotonic() - checked < age:
        return
    began = time.monotonic()
    stored = bucket.get(path)
    if stored is None:
        path.unlink(missing_ok=True)
    elif stored.tag != tag or not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, stored.data, mode=0o600, fsync=False)
        written = stored.modified.timestamp()
        os.utime(path, (written, written))
    with _lock:
        _seen[path] = (stored.tag if stored else None, began)
