"""Doing things at the same time: producing ahead, mapping ahead, writing behind."""

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
    """Lists of at most ``size`` values."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def produced_ahead(values: Iterable[T], ahead: int) -> Generator[T, None, None]:
    """The same values, produced by another thread that is at most ``ahead`` values in front.

    An error of the producer is raised here, after the values before it.
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
    """``map`` in worker threads, in order, at most ``ahead`` results in front of the consumer.

    ``values`` is iterated in the consumer's thread, so generators can be chained: what runs a
    model stays in one thread, what prepares for it runs beside it.
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
    """Runs writes one after another in its own thread, at most ``ahead`` of them waiting.

    An error of a write is raised by the next :meth:`submit` or by :meth:`flush`. Leaving the
    context waits for all writes.
    """

    def __init__(self, ahead: int = 4) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: deque[Future[None]] = deque()
        self._ahead = ahead

    def submit(self, write: Callable[[], None]) -> None:
        """Queue a write; waits while too many are queued."""
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
