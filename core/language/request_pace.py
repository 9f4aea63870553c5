"""A pause for all threads of a job, while the server refuses requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

#: Longest pause that is accepted from a server, seconds.
LONGEST = 300.0


class Pace:
    """The time before which no question is sent, shared by all threads of a job.

    Args:
        unit: Pause where the server names none, seconds; doubled with every further trouble.
        clock: Monotonic seconds (tests bring their own).
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        unit: float = 2.0,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._unit, self._clock, self._sleep = unit, clock, sleep
        self._lock = Lock()
        self._until = 0.0
        self._troubles = 0
        self._since: float | None = None

    @property
    def now(self) -> float:
        """The moment, by this pace's clock."""
        return self._clock()

    def wait(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Wait until questions may be sent, or until a stop is requested."""
        while (rest := self.rest) > 0 and not stopped():
            self._sleep(min(rest, 1.0))

    def trouble(self, retry_after: float | None = None) -> None:
        """Pause after an error or limit of the server: as long as it says, else ever longer."""
        with self._lock:
            self._since = self._since if self._since is not None else self._clock()
            pause = self._unit * 2**self._troubles if retry_after is None else retry_after
            self._troubles = min(self._troubles + 1, 10)
            self._until = max(self._until, self._clock() + min(pause, LONGEST))

    def fine(self) -> None:
        """End the pause after an answer."""
        with self._lock:
            self._troubles, self._since = 0, None

    def troubled(self, began: float) -> float:
        """Return the duration of the present failures since ``began``, seconds; 0 if there are
        none."""
        with self._lock:
            return 0.0 if self._since is None else self._clock() - max(self._since, began)

    @property
    def rest(self) -> float:
        """Seconds until questions may be sent; negative when they may."""
        with self._lock:
            return self._until - self._clock()
