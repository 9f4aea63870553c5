"""Give values to the workers of a Ray, one at a time to each; no library in it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from core.base.lazy import lazy
from core.base.ray_connection import Connection
from core.errors import WorkerLost

T = TypeVar("T")
R = TypeVar("R")


class RayPool(Generic[T, R]):
    """Workers of a cluster; see ``RayCluster.pool``.

    A worker has one value in hand and none waiting, so a value that ends its worker takes no other
    one with it. A worker that ended is replaced. Values go to workers that run: where no machine
    has room for the replacement, as when one has lost power, the others do the work.

    Args:
        start: Starts a worker, when the first value comes or one has ended; returns its handle.
        count: Number of workers.
        connection: Asks them.
    """

    def __init__(self, start: Callable[[], Any], count: int, connection: Connection) -> None:
        self._start, self._count, self._connection = start, count, connection

    @lazy
    def _free(self) -> queue.SimpleQueue[Any]:
        """The workers that wait for a value, and ``None`` for each that is to be replaced."""
        free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(self._count):
            free.put(None)
        return free

    def submit(self, value: T, patience: float) -> Future[R] | None:
        """Give a value to the next free worker; ``None`` if there is none within a time, seconds.
        """  # fmt: skip
        try:
            while (worker := self._free.get(timeout=patience)) is None:
                self._begin()
        except queue.Empty:
            return None
        answer: Future[R] = self._connection.asked(lambda: worker.run.remote(value).future())
        answer.add_done_callback(lambda done: self._put_back(worker, done.exception()))
        return answer

    def _put_back(self, worker: Any, error: BaseException | None) -> None:
        self._free.put(None if isinstance(error, WorkerLost) else worker)

    def _begin(self) -> None:
        """Start a worker; it is free once it runs, or can't."""
        worker = self._connection.done(self._start)
        ready = self._connection.asked(lambda: worker.ready.remote().future())
        ready.add_done_callback(lambda _: self._free.put(worker))
