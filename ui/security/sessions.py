"""Which visitor a page's session belongs to, so that nobody reads or ends another one's events."""

from __future__ import annotations

import threading
from collections import OrderedDict

#: Gradio keeps the state of as many; the one that was used longest ago is forgotten.
_MOST = 10_000


class Sessions:
    """Gradio's session hashes (each page makes one up) and who used them first."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, session: str, owner: str) -> bool:
        """Whether a session is this owner's; a new one becomes theirs."""
        with self._lock:
            known = self._owners.setdefault(session, owner)
            self._owners.move_to_end(session)
            while len(self._owners) > _MOST:
                self._owners.popitem(last=False)
            return known == owner
