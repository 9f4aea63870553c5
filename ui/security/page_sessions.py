"""Which visitor a page's session or event belongs to: nobody else reads or ends it."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: Gradio keeps the state of as many; the one that was used longest ago is forgotten.
_MOST = 10_000
#: Pages make up names of a dozen characters, Gradio of 32; what is kept of each has to be small.
LONGEST = 100


class Sessions:
    """Names of sessions or events, and who used them first.

    Each page makes up the hash of its session; Gradio makes up the ids of events.
    """

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, session: str, owner: str) -> bool:
        """Tell whether a session is this owner's; a new one becomes theirs."""
        if len(session) > LONGEST:
            return False
        with self._lock:
            first_owner = self._owners.setdefault(session, owner)
            self._owners.move_to_end(session)
            while len(self._owners) > _MOST:
                self._owners.popitem(last=False)
            return first_owner == owner

    def owns(self, session: str, owner: str) -> bool:
        """Tell whether a session is this owner's; a new one stays nobody's."""
        with self._lock:
            return self._owners.get(session) == owner
