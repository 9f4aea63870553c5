"""Small files that all servers of a data directory share.

In a plain folder they are files, and these functions add nothing. In a bucket each is an object,
and the local file is this server's copy of it: ``latest`` brings the copy up to date, ``share``
writes the object first and the copy after it. Who changes a file holds its lock meanwhile, and
replaces the version that they read (``read_to_change``): a server that stood still may have lost
its lock without noticing.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from core.base.atomic import atomic_write
from core.base.buckets import Bucket, Tag, bucket_of
from core.base.keyed_locks import KeyedLocks
from core.errors import BucketError

#: A copy is taken for up to date so long, seconds; many are read several times per request.
FRESH = 1.0


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a file in a bucket; no tag: there was none, or the file is no object."""

    tag: Tag | None


_seen: dict[Path, tuple[Tag | None, float]] = {}
_lock = threading.Lock()
_files = KeyedLocks()


def latest(path: Path, age: float = FRESH) -> Path:
    """Return the path of a file, once its content is no older than ``age`` seconds.

    Raises:
        BucketError: The store can't be asked.
    """
    bucket = bucket_of(path)
    if bucket is not None:
        _refresh(bucket, path, age)
    return path


def read_to_change(path: Path) -> Version:
    """Bring the copy of a file up to date; return its version, which ``share`` replaces.

    Raises:
        BucketError: The store can't be asked.
    """
    bucket = bucket_of(path)
    return Version(_refresh(bucket, path, 0.0) if bucket is not None else None)


def latest_in(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a folder, as ``Path.glob``, each as new as the listing."""
    bucket = bucket_of(folder)
    if bucket is None:
        return list(folder.glob(pattern))
    paths = [folder / name for name in bucket.files(folder) if Path(name).match(pattern)]
    return [path for path in paths if latest(path).is_file()]


def share(
    path: Path, data: bytes | str, mode: int = 0o644, *, fsync: bool = True,
    over: Version | None = None,
) -> None:  # fmt: skip
    """Replace a file's content for all servers; see ``atomic_write``.

    Args:
        path: The file.
        data: Its content.
        mode: Its permissions here.
        fsync: Whether it survives a power failure here.
        over: The version that is replaced; without one, whatever is there.

    Raises:
        BucketError: The store can't be asked, or another server has changed the file since.
    """
    bucket = bucket_of(path)
    if bucket is None:
        atomic_write(path, data, mode, fsync=fsync)
        return
    content = data.encode("utf-8") if isinstance(data, str) else data
    with _files.hold(str(path)):
        began = time.monotonic()
        tag = _put(bucket, path, content, over)
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(path, content, mode, fsync=fsync)
        with _lock:
            _seen[path] = (tag, began)


def append(path: Path, line: str) -> None:
    """Add a line to a file, for all servers; lines that others add meanwhile stay."""
    bucket = bucket_of(path)
    if bucket is None:
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
        return
    added, tried = None, False
    while added is None:
        stored, data = bucket.get(path), line.encode("utf-8")
        if tried and stored is not None and stored.data.endswith(data):
            return  # it was written, though the answer to that was lost
        tried = True
        if stored is None:
            added = bucket.put_new(path, data)
        else:
            added = bucket.put_over(path, stored.data + data, stored.tag)


def unshare(path: Path) -> None:
    """Delete a file for all servers, where there is one."""
    bucket = bucket_of(path)
    if bucket is not None:
        bucket.delete(path)
        with _lock:
            _seen.pop(path, None)
    path.unlink(missing_ok=True)


def unshare_all(folder: Path) -> None:
    """Delete a folder with all that is in it, for all servers."""
    bucket = bucket_of(folder)
    if bucket is not None:
        bucket.delete_all(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _put(bucket: Bucket, path: Path, data: bytes, over: Version | None) -> Tag:
    if over is None:
        return bucket.put(path, data)
    tag = bucket.put_new(path, data) if over.tag is None else bucket.put_over(path, data, over.tag)
    if tag is not None:
        return tag
    stored = bucket.get(path)  # it may have been written, though the answer was lost
    if stored is None or stored.data != data:
        raise BucketError(
            f"Another server has changed {path.name} meanwhile, so nothing was changed. Try again."
        )
    return stored.tag


def _refresh(bucket: Bucket, path: Path, age: float) -> Tag | None:
    """Bring the copy up to date where it is older than ``age``; return its tag, if it is there."""
    began = time.monotonic()
    tag, checked = _seen_at(path)
    if began - checked < age:
        return tag
    with _files.hold(str(path)):  # an older answer must not replace a newer copy
        tag, checked = _seen_at(path)
        if checked >= began:
            return tag
        began = time.monotonic()
        stored = bucket.get(path)
        if stored is None:
            path.unlink(missing_ok=True)
        elif stored.tag != tag or not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(path, stored.data, mode=0o600, fsync=False)
            written = stored.modified.timestamp()
            os.utime(path, (written, written))
        tag = stored.tag if stored else None
        with _lock:
            _seen[path] = (tag, began)
    return tag


def _seen_at(path: Path) -> tuple[Tag | None, float]:
    """Return the tag that was seen last, and when; times are this process's own."""
    with _lock:
        return _seen.get(path, (None, float("-inf")))
