"""Record which visitor owns a page's session or event, so that nobody else reads or ends it."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: Number of sessions; the least recently used one is dropped, as in Gradio.
_MOST = 10_000
#: Longest name, characters; pages make names of a dozen characters, Gradio of 32.
LONGEST = 100


class Sessions:
    """Names of sessions or events, and their owners.

    Each page generates the hash of its session; Gradio generates the ids of events.
    """

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, session: str, owner: str) -> bool:
        """Tell whether a session belongs to this owner; a new session is given to them."""
        if len(session) > LONGEST:
            return False
        with self._lock:
            first_owner = self._owners.setdefault(session, owner)
            self._owners.move_to_end(session)
            while len(self._owners) > _MOST:
                self._owners.popitem(last=False)
            return first_owner == owner

    def owns(self, session: str, owner: str) -> bool:
        """Tell whether a session belongs to this owner; a new session stays without an owner."""
        with self._lock:
            return self._owners.get(session) == owner
