"""Limit sign-in attempts: delay wrong passwords, then refuse them, per name and per address.

Attempts are counted in memory, per process. Unknown names are counted, too, so that the answers
don't show which names exist. A person who has signed in from an address before can still sign in
there while attempts from other addresses lock the name.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import TooManyTries

#: Longest lock, and longest delay of an answer, seconds.
LONGEST_WAIT, LONGEST_DELAY = 900.0, 4.0
#: Time after which a count is deleted, seconds.
_FORGOTTEN = 2 * LONGEST_WAIT
#: Most names and most addresses in memory.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """Number of wrong attempts without delay, and number until the lock."""

    free: int
    most: int

    def delay(self, wrong: int) -> float:
        """Return the delay of the answer after ``wrong`` wrong attempts, seconds."""
        return min(LONGEST_DELAY, 0.25 * 2.0 ** min(10, wrong - self.free)) * (wrong > self.free)

    def wait(self, wrong: int) -> float:
        """Return the lock after ``wrong`` wrong attempts, seconds."""
        return min(LONGEST_WAIT, 30.0 * 2.0 ** min(10, wrong - self.most)) * (wrong >= self.most)


PER_NAME = Limit(free=3, most=10)
#: More, since an office shares one.
PER_ADDRESS = Limit(free=10, most=30)


@dataclass(slots=True)
class _Count:
    wrong: int
    last: float


class Tries:
    """Counts attempts; safe to use from several threads.

    Args:
        clock: Returns seconds that never decrease.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._names: OrderedDict[str, _Count] = OrderedDict()
        self._addresses: OrderedDict[str, _Count] = OrderedDict()
        self._welcome: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, name: str, address: str) -> float:
        """Count an attempt as wrong until ``succeeded`` is called.

        Counting before the password is checked limits parallel attempts, too.

        Returns:
            Delay of the answer if the password is wrong, seconds.

        Raises:
            TooManyTries: The name or the address is locked.
        """
        place, now = network(address), self._clock()
        with self._lock:
            named = self._fresh(self._names, name, now)
            placed = self._fresh(self._addresses, place, now)
            if (name, place) not in self._welcome:
                _refuse("for this name", PER_NAME, named, now)
            _refuse("from this address", PER_ADDRESS, placed, now)
            for count in (named, placed):
                count.wrong, count.last = count.wrong + 1, now
            return max(PER_NAME.delay(named.wrong), PER_ADDRESS.delay(placed.wrong))

    def succeeded(self, name: str, address: str) -> None:
        """Reset the name's count and take this attempt off the address's count."""
        place = network(address)
        with self._lock:
            self._names.pop(name, None)
            if count := self._addresses.get(place):
                count.wrong = max(0, count.wrong - 1)
            self._welcome[(name, place)] = None
            self._welcome.move_to_end((name, place))
            if len(self._welcome) > _MOST:
                self._welcome.popitem(last=False)

    @staticmethod
    def _fresh(counts: OrderedDict[str, _Count], key: str, now: float) -> _Count:
        """Return a key's count and move it to the end; delete the oldest count if needed."""
        count = counts.get(key)
        if count is None or now - count.last > _FORGOTTEN:
            count = counts[key] = _Count(0, now)
        counts.move_to_end(key)
        if len(counts) > _MOST:
            counts.popitem(last=False)
        return count


def network(address: str) -> str:
    """Return the address to count by: for IPv6 the /64 network, which one household shares."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 6:
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


def _refuse(scope: str, limit: Limit, count: _Count, now: float) -> None:
    left = limit.wait(count.wrong) - (now - count.last)
    if left > 0:
        raise TooManyTries(scope, left)
