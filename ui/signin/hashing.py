"""Check passwords in a few separate threads, so that pages and searches don't wait for it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_R = TypeVar("_R")
#: At most half of the machine's cores.
WORKERS = max(1, min(4, (os.cpu_count() or 1) // 2))
#: Most waiting attempts per thread, about two seconds of work.
WAITING = 32 * WORKERS
#: Prefix of the threads' names.
THREADS = "password"


class HashingThreads:
    """Runs slow work outside the event loop, bounded in parallel and in waiting."""

    def __init__(self, workers: int = WORKERS, waiting: int = WAITING) -> None:
        self._pool = ThreadPoolExecutor(workers, THREADS)
        self._most = workers + waiting
        self._held = 0

    @property
    def full(self) -> bool:
        """Whether the next piece of work would wait too long."""
        return self._held >= self._most

    async def run(self, work: Callable[[], _R]) -> _R:
        """Return the result of ``work``, done in one of the threads."""
        self._held += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._held -= 1
