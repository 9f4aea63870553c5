"""Run steps of a stream in parallel: map ahead within bounded memory, write in the background."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import islice
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Largest share of its time that a ``Writer`` writes; the rest of the time values gather.
SHARE = 0.1


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most ``size`` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def mapped_ahead(
    function: Callable[[T], R],
    values: Iterable[T],
    *,
    weigh: Callable[[T], int] = lambda value: 1,
    room: int,
    most: int = 1,
    workers: int = 2,
) -> Generator[list[R], None, None]:
    """Map in worker threads; yield lists of the results that are ready, in order.

    A thread of its own iterates ``values``, so a slow source holds up nothing that is ready. An
    error of the source or of the function is raised after the results before it.

    Args:
        function: Called with each value in a worker thread.
        values: The source; closing the generator stops its iteration.
        weigh: Weight of a value and its result, such as bytes.
        room: Most weight under way: from the call of the function until the list that has the
            result was used. A single value may weigh more.
        most: Longest list.
        workers: Number of worker threads.
    """
    line: _Line[R] = _Line(room)

    def feed() -> None:
        try:
            for value in values:
                weight = weigh(value)
                if not line.wait_for_room(weight):
                    return
                line.put(pool.submit(function, value), weight)
            line.end()
        except BaseException as error:
            line.end(error)

    with ThreadPoolExecutor(workers, thread_name_prefix="mapped-ahead") as pool:
        feeder = threading.Thread(target=feed, name="feeder", daemon=True)
        feeder.start()
        try:
            while ready := line.take(most):
                yield [future.result() for future, _ in ready]
                line.release(sum(weight for _, weight in ready))
        finally:
            line.close()
            feeder.join()


class _Line(Generic[R]):
    """A queue of futures in order, with the total weight of unfinished work."""

    def __init__(self, room: int) -> None:
        self._room, self._weight = room, 0
        self._waiting: deque[tuple[Future[R], int]] = deque()
        self._ended = self._closed = False
        self._changed = threading.Condition()

    def wait_for_room(self, weight: int) -> bool:
        """Wait until a value fits; return false if the queue was closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._weight or self._weight + weight <= self._room
            )
            return not self._closed

    def put(self, future: Future[R], weight: int) -> None:
        """Append a future."""
        with self._changed:
            self._waiting.append((future, weight))
            self._weight += weight
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Mark the end of the values, maybe because of an error."""
        with self._changed:
            if error is not None:
                failed: Future[R] = Future()
                failed.set_exception(error)
                self._waiting.append((failed, 0))
            self._ended = True
            self._changed.notify_all()

    def take(self, most: int) -> list[tuple[Future[R], int]]:
        """Wait for the first future's result; return it and those behind it that are ready."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if not self._waiting:
                return []
            first = self._waiting[0][0]
        failed = first.exception() is not None
        with self._changed:
            ready = [self._waiting.popleft()]
            while not failed and len(ready) < most and self._waiting:
                future = self._waiting[0][0]
                if not future.done() or future.exception() is not None:
                    break
                ready.append(self._waiting.popleft())
            return ready

    def release(self, weight: int) -> None:
        """Release the room of a result."""
        with self._changed:
            self._weight -= weight
            self._changed.notify_all()

    def close(self) -> None:
        """Cancel all waiting futures and let the feeding thread stop."""
        with self._changed:
            self._closed = True
            for future, _ in self._waiting:
                future.cancel()
            self._changed.notify_all()


class Writer(AbstractContextManager["Writer[T]"], Generic[T]):
    """Write values in a thread of its own, all that have gathered at once.

    The first value is written at once. After each write the thread waits so long that writing
    takes at most ``SHARE`` of its time, so small writes do not pile up where values come quickly.
    After an error nothing more is written; it is raised by a later :meth:`submit` or by
    :meth:`flush`. Leaving the context writes all values.

    Args:
        write: Writes values, the oldest first.
        most: Largest number of waiting values; a full queue is written without a pause.
    """

    def __init__(self, write: Callable[[list[T]], None], most: int = 1024) -> None:
        self._write, self._most = write, most
        self._waiting: list[T] = []
        self._error: BaseException | None = None
        self._writing = self._hurry = self._closed = self._raised = False
        self._next = 0.0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, value: T) -> None:
        """Queue a value; block while too many are queued."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or len(self._waiting) < self._most)
            self._raise()
            self._waiting.append(value)
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until everything is written."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._error or not (self._waiting or self._writing))
            self._hurry = False
            self._raise()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        if error is None and not self._raised:
            self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            self._raised = True
            raise self._error

    def _run(self) -> None:
        while self._error is None and (values := self._gathered()):
            started = time.monotonic()
            error: BaseException | None = None
            try:
                self._write(values)
            except BaseException as failure:  # what comes after it may need what was not written
                error = failure
            ended = time.monotonic()
            with self._changed:
                self._error, self._writing = error, False
                self._next = ended + (ended - started) * (1 / SHARE - 1)
                self._changed.notify_all()

    def _gathered(self) -> list[T]:
        """Wait for the next write and return its values; none if the writer was closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            while not self._due():
                self._changed.wait(self._next - time.monotonic())
            values, self._waiting = self._waiting, []
            self._writing = bool(values)
            self._changed.notify_all()
            return values

    def _due(self) -> bool:
        full = len(self._waiting) >= self._most
        return full or self._hurry or self._closed or time.monotonic() >= self._next
