"""Limit how much each sender may send: a token bucket for each, in memory, per process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: Most senders that are remembered; the one that sent nothing for longest is dropped.
_MOST = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    last: float


class RateLimit:
    """Lets a sender send ``rate`` units a second, and ``burst`` units at once after a pause.

    Args:
        rate: Units a second.
        burst: Most units at once; a request with more is charged as this many.
        clock: Returns seconds that never decrease.
    """

    def __init__(
        self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait(self, sender: str, units: float) -> float:
        """Charge a sender; return 0, or without charging the seconds until there is room."""
        units, now = min(units, self._burst), self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(sender, _Bucket(self._burst, now))
            self._buckets.move_to_end(sender)
            if len(self._buckets) > _MOST:
                self._buckets.popitem(last=False)
            bucket.left = min(self._burst, bucket.left + (now - bucket.last) * self._rate)
            bucket.last = now
            if bucket.left < units:
                return (units - bucket.left) / self._rate
            bucket.left -= units
        return 0.0
