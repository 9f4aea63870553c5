"""Set the CPU threads of a model's pass: one for words; the others for pictures, in turn.

A pass over a few words is over in milliseconds; more threads only wait for each other, and on a
busy machine that takes ten times as long. A pass over a picture takes a second of every thread
that it gets, so passes take turns, and while pages are served they leave one core for words.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    import torch

#: More texts than this are a file, not a query; they use all threads.
FEW = 8
#: On Linux, the file with the numbers of the processors that share a core.
_SHARED_CORE = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


class Turn:
    """A lock that is given in the order of requests."""

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
        except BaseException:  # interrupted: leave the queue, or pass the lock on
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
_limits = (0, 0)


class _Own(threading.local):
    """The number of threads for the passes of one thread."""

    threads = 0


_own = _Own()


def present() -> int:
    """Return how many threads a pass may take that this thread begins now."""
    return _own.threads or _all()


def _all() -> int:
    """Return what ``OMP_NUM_THREADS`` says, or the number of cores."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdecimal() and int(asked) else _cores()


@lru_cache
def _cores() -> int:
    """Return how many cores this process may use; elsewhere than on Linux, how many processors.

    Processors that share a core count once, as torch and ONNX Runtime count them.
    """
    if sys.platform != "linux":
        return os.cpu_count() or 1
    own = os.sched_getaffinity(0)
    try:
        return len({Path(_SHARED_CORE.format(number)).read_text("ascii") for number in own})
    except OSError:  # some containers have no such files
        return len(own)


def limit_threads(threads: int, spare: int = 0) -> None:
    """Set how many threads a pass over pictures takes in this process; NumPy's products take one.

    NumPy's products here are small: its threads wait for each other, and spin while they wait, so
    beside a pass over a picture a product takes four times as long with two threads as with one.

    Args:
        threads: So many; 0 takes one per core.
        spare: Cores that are left to others; one thread stays at least.
    """
    global _limits
    _limits = threads, spare
    threadpool_limits(1, user_api="blas")


def _for_pictures() -> int:
    (threads, spare), most = _limits, _all()
    return max(1, (threads or most) - spare)


@contextmanager
def for_words(texts: int = 1) -> Iterator[None]:
    """Run a block in one thread, without waiting; a long list of texts gets more threads."""
    most = _all()
    with _taking(1 if texts <= FEW else most):
        yield


@contextmanager
def for_pictures(device: torch.device | str) -> Iterator[None]:
    """Wait for this pass's turn and limit its threads; a GPU needs neither."""
    if str(device) != "cpu":
        yield
        return
    with _turn, _taking(_for_pictures()):
        yield


@contextmanager
def for_strips() -> Iterator[None]:
    """Pass over a small part of a picture, with a picture's threads but without waiting.

    Also within a picture's own turn, for what was imported since it began.
    """
    with _taking(_for_pictures()):
        yield


@contextmanager
def _taking(threads: int) -> Iterator[None]:
    """Set the number of threads for this thread's passes (torch keeps it per thread, too).

    Where a pass needs no torch, torch is not imported: it takes half a gigabyte.
    """
    before, _own.threads = _own.threads, threads
    torch: Any = sys.modules.get("torch")
    loaded = hasattr(torch, "set_num_threads")  # not while another thread imports it
    torch_before = torch.get_num_threads() if loaded else threads
    try:
        if torch_before != threads:
            torch.set_num_threads(threads)
        yield
    finally:
        _own.threads = before
        if torch_before != threads:
            torch.set_num_threads(torch_before)
