"""How many CPU threads a model's pass takes: words one, pictures the others, one after another.

A pass over a few words is over in milliseconds; more threads only wait for each other, and on a
busy machine that takes ten times as long. A pass over a picture takes a second of every thread
that it gets, so passes take turns, and while pages are served they leave one core for words.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import torch

#: More texts than these are no query but a file, for which all threads pay.
FEW = 8


class Turn:
    """A lock that is given in the order in which it was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if not self._held:
                self._held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:  # interrupted: leave the line, or pass on what was given meanwhile
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    raise
            self._pass_on()
            raise

    def __exit__(self, *_: object) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_turn = Turn()
_all = torch.get_num_threads()
_pictures = _all


def limit_threads(threads: int, spare: int = 0) -> None:
    """Set how many threads a pass over pictures takes in this process.

    Args:
        threads: So many; 0 lets torch decide.
        spare: Cores that are left to others; one thread stays at least.
    """
    global _pictures
    _pictures = max(1, (threads or _all) - spare)


@contextmanager
def for_words(texts: int = 1) -> Iterator[None]:
    """One thread, at once; more for more texts than a query has."""
    with _taking(1 if texts <= FEW else _all):
        yield


@contextmanager
def for_pictures(device: torch.device) -> Iterator[None]:
    """Threads for one pass over pictures, when its turn has come; a GPU needs neither."""
    if device.type != "cpu":
        yield
        return
    with _turn, _taking(_pictures):
        yield


@contextmanager
def _taking(threads: int) -> Iterator[None]:
    """Let this thread's passes take so many threads (torch keeps the number per thread)."""
    before = torch.get_num_threads()
    if before == threads:
        yield
        return
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
