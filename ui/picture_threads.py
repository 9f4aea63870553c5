"""Threads for what is done with pictures: the system lets all others run before them."""

from __future__ import annotations

import contextvars
import inspect
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial, wraps
from typing import Any

#: How far these threads stand back (`nice`). Threads that libraries begin in them do so, too.
NICE = 10

_END = object()


def after_words(work: Callable[..., Any]) -> Callable[..., Any]:
    """Run a function, or each step of a generator, in a thread that leaves the cores to others.

    A thread without privileges can't take its priority back, so it does nothing else.
    """

    @wraps(work)
    def whole(*given: Any, **more: Any) -> Any:
        return _run(partial(work, *given, **more))

    @wraps(work)
    def by_steps(*given: Any, **more: Any) -> Iterator[Any]:
        steps = work(*given, **more)
        while (value := _run(partial(next, steps, _END))) is not _END:
            yield value

    return by_steps if inspect.isgeneratorfunction(work) else whole


def _run(work: Callable[[], Any]) -> Any:
    done: Future[Any] = Future()
    context = contextvars.copy_context()

    def run() -> None:
        _stand_back()
        try:
            done.set_result(context.run(work))
        except BaseException as error:
            done.set_exception(error)

    # A daemon, so that a server that is stopped need not wait for it.
    threading.Thread(target=run, name="pictures", daemon=True).start()
    return done.result()


def _stand_back() -> None:
    """Lower this thread's priority; only Linux has one for each thread."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICE)
