"""Whether this server can answer visitors: models loaded, data there: ``studio.readiness``."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

#: Least time between two tries to load the models after a failure, seconds.
RETRY_AFTER = 60.0


class Models(StrEnum):
    """How far the models of text queries are."""

    WAITING = "waiting"
    LOADING = "loading"
    LOADED = "loaded"
    FAILED = "failed"


class Readiness:
    """Loads the models of text queries and says whether this server can answer.

    Args:
        load: Loads the models; an error means that they can't be had.
        folder: The data directory.
        background: Runs a function in a thread of its own.
        clock: Returns seconds that never decrease.
        pool: Returns why the pool of models can't be used; empty if it can, or there is none.
    """

    def __init__(
        self,
        load: Callable[[], object],
        folder: Path,
        background: Callable[[Callable[[], object]], None],
        clock: Callable[[], float] = time.monotonic,
        pool: Callable[[], str] = str,
    ) -> None:
        self._load, self._folder, self._background, self._pool = load, folder, background, pool
        self._clock, self._lock = clock, threading.Lock()
        self._models, self._failed_at = Models.WAITING, 0.0

    @property
    def models(self) -> Models:
        """How far the models are."""
        return self._models

    def warm_up(self) -> None:
        """Load the models and store how that ended; an error is raised, too."""
        self._models = Models.LOADING
        try:
            self._load()
        except BaseException:
            self._models, self._failed_at = Models.FAILED, self._clock()
            raise
        self._models = Models.LOADED

    def problem(self) -> str:
        """Return why no visitors should be sent here, one sentence; empty if they should.

        After a failure the models are loaded again, in the background and once a minute at most.
        """
        try:
            with os.scandir(self._folder) as entries:
                next(entries, None)
        except OSError:
            return "The data directory can't be read."
        if self._models is Models.LOADED:
            return self._pool()
        if self._models is Models.FAILED:
            self._try_again()
            return "The models could not be loaded; the log says why."
        return "The models are being loaded."

    def _try_again(self) -> None:
        with self._lock:
            due = self._clock() - self._failed_at >= RETRY_AFTER
            if self._models is not Models.FAILED or not due:
                return
            self._models = Models.LOADING
        self._background(self.warm_up)
