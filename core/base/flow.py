"""Run steps of a stream in parallel: produce ahead, map ahead, write in the background."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import islice
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of at most ``size`` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def produced_ahead(values: Iterable[T], ahead: int) -> Generator[T, None, None]:
    """Yield the same values, produced by another thread at most ``ahead`` values in advance.

    An error of the producer is raised in the consumer, after the values before it.
    """
    box: queue.Queue[_Produced[T]] = queue.Queue(maxsize=ahead)
    closed = threading.Event()

    def put(entry: _Produced[T]) -> bool:
        while not closed.is_set():
            try:
                box.put(entry, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for value in values:
                if not put(_Produced(value=value)):
                    return
            put(_Produced(end=True))
        except BaseException as error:
            put(_Produced(error=error))

    thread = threading.Thread(target=produce, name="produced-ahead", daemon=True)
    thread.start()
    try:
        while True:
            entry = box.get()
            if entry.error is not None:
                raise entry.error
            if entry.end:
                return
            yield entry.value  # type: ignore[misc]
    finally:
        closed.set()
        thread.join()


class _Produced(Generic[T]):
    __slots__ = ("end", "error", "value")

    def __init__(
        self, value: T | None = None, error: BaseException | None = None, end: bool = False
    ) -> None:
        self.value, self.error, self.end = value, error, end


def mapped_ahead(
    function: Callable[[T], R], values: Iterable[T], *, workers: int = 2, ahead: int = 2
) -> Generator[R, None, None]:
    """Map in worker threads, in order, at most ``ahead`` results in advance of the consumer.

    ``values`` is iterated in the consumer's thread, so generators can be chained: the model runs
    in one thread while worker threads prepare its input.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="mapped-ahead") as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for value in values:
                waiting.append(pool.submit(function, value))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


class Writer(AbstractContextManager["Writer"]):
    """Run writes one after another in a thread of its own, with at most ``ahead`` queued.

    An error of a write is raised by a later :meth:`submit` or by :meth:`flush`. Leaving the
    context waits for all writes.
    """

    def __init__(self, ahead: int = 4) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: deque[Future[None]] = deque()
        self._ahead = ahead

    def submit(self, write: Callable[[], None]) -> None:
        """Queue a write; block while too many are queued."""
        self._waiting.append(self._pool.submit(write))
        while len(self._waiting) > self._ahead:
            self._waiting.popleft().result()

    def flush(self) -> None:
        """Wait until everything is written."""
        while self._waiting:
            self._waiting.popleft().result()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)
        if error is None:
            self.flush()
