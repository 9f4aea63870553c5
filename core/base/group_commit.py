"""Group commit: write the data of several threads with one call.

Whatever is raised, a Rust panic or Ctrl-C included, each caller gets the true result of its own
part: a part counts as not written until its write has succeeded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")

#: Errors that end the writing thread; all others are passed to the waiting callers.
_ENDS_THE_THREAD = (KeyboardInterrupt, SystemExit, GeneratorExit)


class NotWritten(Exception):
    """A part was not written; ``__cause__`` is the reason, if known."""


@dataclass(slots=True, eq=False)
class _Waiting(Generic[_T]):
    """One caller's part and its result; it counts as not written until its write has succeeded."""

    part: _T
    tried: bool = False
    written: bool = False
    error: BaseException | None = None


class GroupCommit(Generic[_T]):
    """Writes the parts of all waiting callers with one call of ``write``.

    If a group fails, its parts are written one by one, so that a bad part fails alone.

    Args:
        write: Writes parts, all or none; called by one thread at a time. A part whose write raised
            may be given to it again.
        patience: Parts of a failed group are no longer tried after this long, seconds.
    """

    def __init__(self, write: Callable[[Sequence[_T]], None], patience: float) -> None:
        self._write, self._patience = write, patience
        self._queue: list[_Waiting[_T]] = []
        self._queue_lock = threading.Lock()
        self._turn = threading.Lock()

    @property
    def turn(self) -> threading.Lock:
        """Held while a group is written."""
        return self._turn

    @property
    def waiting(self) -> int:
        """Number of callers that wait for the next group."""
        return len(self._queue)

    def submit(self, part: _T) -> None:
        """Return when this part is written.

        Raises:
            NotWritten: It is not.
        """
        mine = _Waiting(part)
        with self._queue_lock:
            self._queue.append(mine)
        with self._turn:
            if not mine.tried:
                with self._queue_lock:
                    group, self._queue = self._queue, []
                self._commit(group)
        if not mine.written:
            raise NotWritten(str(mine.error or "its turn did not come")) from mine.error

    def _commit(self, group: Sequence[_Waiting[_T]]) -> None:
        until = time.monotonic() + self._patience
        if not group or self._written(group) or len(group) == 1:
            return
        for waiting in group:
            if time.monotonic() > until:
                return  # the cause is no single part, but the disk or another process
            self._written([waiting])

    def _written(self, group: Sequence[_Waiting[_T]]) -> bool:
        error: BaseException | None = None
        written = False
        try:
            self._write([waiting.part for waiting in group])
            written = True
        except _ENDS_THE_THREAD as problem:
            error = problem
            raise
        except BaseException as problem:  # a panic of a Rust library is no `Exception`
            error = problem
        finally:
            for waiting in group:
                waiting.tried, waiting.written, waiting.error = True, written, error
        return written
