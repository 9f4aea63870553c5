"""Locks between machines: an object that its holder renews, taken by conditional writes.

No clocks are compared. A holder writes its object anew every few seconds; a waiter that has seen
the same version for ``EXPIRY`` seconds of its own clock takes the lock over. Each write names the
version that it replaces, so of two takers one wins, and a holder that was away for too long finds
out at its next renewal. What a lock protects must bear that (LanceDB's commits and the leases of
pairs are conditional writes themselves).
"""

from __future__ import annotations

import json
import logging
import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.base.buckets import Bucket, Stored, Tag
from core.errors import BucketError

#: A lock whose object has not changed for so long is taken over, seconds.
EXPIRY = 10.0
#: How often a holder renews its lock, seconds.
RENEWAL = 3.0
#: A waiter looks again after so many seconds, drawn anew each time: of many one looks soon, and
#: their questions leave the store room for work.
_POLL = (0.1, 0.4)

#: Linux's monotonic clock stands still while the machine sleeps; this one does not.
_SLEEPLESS: int | None = getattr(time, "CLOCK_BOOTTIME", None)

_log = logging.getLogger(__name__)


class Held:
    """A lock that this process holds."""

    def __init__(self, bucket: Bucket, path: Path, tag: Tag) -> None:
        self.path = path
        self._bucket, self._tag = bucket, tag
        self._renewed = _clock()
        self._lock = threading.Lock()
        self._ended = self._taken = False

    @property
    def lost(self) -> bool:
        """Whether another process took the lock over, or may have: it was not renewed in time."""
        return self._taken or _clock() - self._renewed >= EXPIRY

    def renew(self) -> None:
        """Renew the lock where it is due."""
        with self._lock:
            if self._ended or self._taken or _clock() - self._renewed < RENEWAL:
                return
            with suppress(BucketError):  # tried again at the next look
                began = _clock()
                tag = self._replaced(_content(held=True))
                if tag is None:
                    self._lose()
                else:
                    self._tag, self._renewed = tag, began

    def release(self) -> None:
        """Mark the object as free, if it is still this holder's."""
        with self._lock:
            self._ended = True
            if self._taken:
                return
            with suppress(BucketError):  # it expires
                if self._replaced(_content(held=False)) is None:
                    self._lose()

    def _replaced(self, content: bytes) -> Tag | None:
        """Write the object anew; return ``None`` where another server has written it."""
        tag = self._bucket.put_over(self.path, content, self._tag)
        if tag is None:  # or the answer was lost, and the write was tried again and refused
            stored = self._bucket.get(self.path)
            tag = stored.tag if stored is not None and stored.data == content else None
        return tag

    def _lose(self) -> None:
        self._taken = True
        _log.warning("The lock %s was taken over by another server", self._bucket.uri(self.path))


@dataclass(slots=True)
class _Process:
    """What this process knows of locks in buckets."""

    turns: dict[str, threading.Lock] = field(default_factory=dict)
    seen: dict[str, tuple[Tag, float]] = field(default_factory=dict)
    held: set[Held] = field(default_factory=set)
    renewer: threading.Thread | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


_process = _Process()


@contextmanager
def bucket_lock(bucket: Bucket, path: Path, patience: float | None) -> Iterator[Held | None]:
    """Hold a lock until the block ends; yields ``None`` if it was not released in time.

    Args:
        bucket: The bucket.
        path: Names the lock; its object stays.
        patience: How long to wait, seconds; ``None`` is for ever. A holder that gives no sign of
            life is waited for until its lock expires, unless ``patience`` is 0.
    """
    name = bucket.uri(path)
    with _process.lock:
        turn = _process.turns.setdefault(name, threading.Lock())
    if not turn.acquire(timeout=-1 if patience is None else patience):
        yield None
        return
    try:
        tag = _taken(bucket, path, patience)
        if tag is None:
            yield None
            return
        held = Held(bucket, path, tag)
        _keep_renewing(held)
        try:
            yield held
        finally:
            with _process.lock:
                _process.held.discard(held)
            held.release()
    finally:
        turn.release()


def is_taken(bucket: Bucket, path: Path) -> bool:
    """Tell whether a lock is held, as far as this process has seen."""
    stored = bucket.get(path)
    return stored is not None and _is_held(stored) and not _expired(bucket.uri(path), stored.tag)


def is_lost(path: Path) -> bool:
    """Tell whether this process holds a lock no more that it took and has not released."""
    with _process.lock:
        return any(held.path == path and held.lost for held in _process.held)


def _taken(bucket: Bucket, path: Path, patience: float | None) -> Tag | None:
    """Take the lock; return the tag of its object."""
    name, mine = bucket.uri(path), _content(held=True)
    until = float("inf") if patience is None else time.monotonic() + patience
    first: Tag | None = None
    while True:
        stored = bucket.get(path)
        tag: Tag | None = None
        if stored is None:
            tag = bucket.put_new(path, mine)
        elif stored.data == mine:  # written, though the answer to the write was lost
            tag = stored.tag
        elif not _is_held(stored) or _expired(name, stored.tag):
            tag = bucket.put_over(path, mine, stored.tag)
        if tag is not None:
            return tag
        if time.monotonic() >= until:
            first = first or (stored.tag if stored else None)
            alive = stored is None or stored.tag != first or not _is_held(stored)
            if alive or not patience:
                return None
        time.sleep(random.uniform(*_POLL))  # noqa: S311 (no secret)


def _clock() -> float:
    """Return seconds that also pass while the machine sleeps: its locks are taken over then."""
    return time.clock_gettime(_SLEEPLESS) if _SLEEPLESS is not None else time.monotonic()


def _expired(name: str, tag: Tag) -> bool:
    """Tell whether this process has seen this version of a held lock for too long."""
    now = _clock()
    with _process.lock:
        seen, since = _process.seen.get(name, (None, now))
        if seen != tag:
            _process.seen[name] = tag, now
            return False
        return now - since >= EXPIRY


def _is_held(stored: Stored) -> bool:
    try:
        return bool(json.loads(stored.data)["held"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return True  # written by something else: it expires


def _content(*, held: bool) -> bytes:
    """Return an object's content; a random part makes each version's tag differ."""
    return json.dumps({"held": held, "write": secrets.token_hex(16)}).encode()


def _keep_renewing(held: Held) -> None:
    """Have a thread of this process renew a lock while it is held."""
    with _process.lock:
        _process.held.add(held)
        if _process.renewer is None or not _process.renewer.is_alive():
            _process.renewer = threading.Thread(target=_renew, name="bucket-locks", daemon=True)
            _process.renewer.start()


def _renew() -> None:
    while True:
        time.sleep(RENEWAL / 3)
        with _process.lock:
            held = list(_process.held)
        for lock in held:
            try:
                lock.renew()
            except Exception:
                _log.exception("A lock could not be renewed")
