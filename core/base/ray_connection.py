"""Ask a Ray whose head may be lost: nobody waits for an answer that can't come any more.

Some calls of Ray's client never return once its head is gone. So each question is asked in a thread
of its own, which the process does not wait for, and all open answers fail when the head is lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from core.errors import ClusterLost

R = TypeVar("R")

#: How often the head is looked for, and how long it may give no answer to that, seconds.
_EVERY, _PATIENCE = 5.0, 60.0


class Connection:
    """Questions to a Ray and their answers; safe to use from several threads.

    Args:
        place: Address of the Ray, for people.
        own: Translates an error of Ray's; to ``ClusterLost`` where the head is lost.
    """

    def __init__(self, place: str, own: Callable[[BaseException], BaseException]) -> None:
        self._place, self._own = place, own
        self._open: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._lost, self._closed = False, threading.Event()

    def asked(self, ask: Callable[[], Future[R]]) -> Future[R]:
        """Ask a question; the answer fails with a translated error, or ``ClusterLost``."""
        answer: Future[R] = Future()
        with self._lock:
            self._open.add(answer)
        if self._lost:
            self.lose()
        else:
            in_thread(partial(self._ask, ask, answer))
        return answer

    def done(self, work: Callable[[], R]) -> R:
        """Do something with Ray that may wait for its head; raises as ``asked``."""
        return self.asked(lambda: in_thread(work)).result()

    def lose(self) -> None:
        """Let all answers fail from now on: the head is lost."""
        with self._lock:
            self._lost, answers, self._open = True, self._open, set()
        for answer in answers:
            answer.set_exception(ClusterLost(self._place))

    def watch(
        self, look: Callable[[], object], every: float = _EVERY, patience: float = _PATIENCE
    ) -> None:
        """Look for the head until it is lost or ``close`` is called.

        Args:
            look: Returns once the head has answered; raises where it can't be reached.
            every: Time between two looks, seconds.
            patience: How long there may be no answer, seconds.
        """
        in_thread(partial(self._watch, look, every, patience))

    def close(self) -> None:
        """Stop to look for the head."""
        self._closed.set()

    def _ask(self, ask: Callable[[], Future[R]], answer: Future[R]) -> None:
        try:
            ask().add_done_callback(partial(self._settle, answer))
        except BaseException as error:
            failed: Future[R] = Future()
            failed.set_exception(error)
            self._settle(answer, failed)

    def _settle(self, answer: Future[R], done: Future[R]) -> None:
        """Take an answer, maybe in a thread of Ray's, which must not wait for Ray."""
        error = done.exception()
        error = error and self._own(error)
        if isinstance(error, ClusterLost):
            self.lose()
        with self._lock:
            if answer not in self._open:
                return
            self._open.discard(answer)
        if error is None:
            answer.set_result(done.result())
        else:
            answer.set_exception(error)

    def _watch(self, look: Callable[[], object], every: float, patience: float) -> None:
        seen = time.monotonic()
        while not self._closed.wait(every):
            with suppress(Exception):  # it was not answered in time, or Ray's own error
                in_thread(look).result(patience)
                seen = time.monotonic()
            if time.monotonic() - seen > patience:
                return self.lose()


def in_thread(work: Callable[[], R]) -> Future[R]:
    """Begin work in a thread that the end of this process does not wait for."""
    result: Future[R] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return result
