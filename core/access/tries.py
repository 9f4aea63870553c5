"""Wrong passwords are slowed down, then refused for a while: per name, and per address.

Counted in memory, per process. A name is counted whether or not it exists, so that the answers tell
nothing. Somebody who has signed in from an address before is not locked out there by what others
try from elsewhere.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from core.errors import TooManyTries

#: Longest wait for the next try, and for the answer to a slowed one, seconds.
LONGEST_WAIT, LONGEST_DELAY = 900.0, 4.0
#: What was tried this long ago is forgotten, seconds.
_FORGOTTEN = 2 * LONGEST_WAIT
#: Names and addresses that are kept in mind.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Limit:
    """How many wrong tries are answered at once, and how many are answered at all."""

    free: int
    most: int

    def delay(self, wrong: int) -> float:
        """Seconds to hold back the answer to a wrong try, of which there are so many now."""
        return min(LONGEST_DELAY, 0.25 * 2.0 ** min(10, wrong - self.free)) * (wrong > self.free)

    def wait(self, wrong: int) -> float:
        """Seconds until the next try after so many wrong ones."""
        return min(LONGEST_WAIT, 30.0 * 2.0 ** min(10, wrong - self.most)) * (wrong >= self.most)


PER_NAME = Limit(free=3, most=10)
#: More, since an office shares one.
PER_ADDRESS = Limit(free=10, most=30)


@dataclass(slots=True)
class _Count:
    wrong: int
    last: float


class Tries:
    """Counts tries; safe to use from several threads.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._names: OrderedDict[str, _Count] = OrderedDict()
        self._addresses: OrderedDict[str, _Count] = OrderedDict()
        self._welcome: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, name: str, address: str) -> float:
        """Count a try as a wrong one until it has ``succeeded``.

        Counting it before the password is checked keeps many tries at once within the limit.

        Returns:
            Seconds to hold the answer back if it is wrong.

        Raises:
            TooManyTries: No try is answered for a while.
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
        """The password was right: the name starts anew, the address keeps its wrong tries."""
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
        """The count of a key, moved to the end; the oldest ones make room."""
        count = counts.get(key)
        if count is None or now - count.last > _FORGOTTEN:
            count = counts[key] = _Count(0, now)
        counts.move_to_end(key)
        if len(counts) > _MOST:
            counts.popitem(last=False)
        return count


def network(address: str) -> str:
    """What counts as one address: in IPv6 the /64 that a household gets."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if parsed.version == 6:
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


def _refuse(what: str, limit: Limit, count: _Count, now: float) -> None:
    left = limit.wait(count.wrong) - (now - count.last)
    if left > 0:
        raise TooManyTries(what, left)
