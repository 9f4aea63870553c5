"""Look for events often while some come, and seldom while none do.

Gradio looks a thousand times a second whether an event waits, which takes a served studio that
nobody uses some percent of a core.
"""

from __future__ import annotations

import asyncio
from typing import Any

#: Seconds between two looks: while events come, and while none do.
OFTEN, SELDOM = 0.001, 0.02
#: Seconds after the last event from which looks are seldom.
LULL = 1.0
#: Seconds between two messages about an event's progress.
_PROGRESS = 0.1


class Polling:
    """How often Gradio's queue looks for events.

    Args:
        queue: Gradio's queue.
    """

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._lull: asyncio.TimerHandle | None = None
        queue.sleep_when_free, queue.progress_update_sleep_when_free = SELDOM, _PROGRESS

    def wake(self) -> None:
        """Look often from now on: an event comes, and others may follow."""
        self._queue.sleep_when_free = OFTEN
        if self._lull is not None:
            self._lull.cancel()
        self._lull = asyncio.get_running_loop().call_later(LULL, self._rest)

    def _rest(self) -> None:
        if len(self._queue):
            self.wake()
        else:
            self._queue.sleep_when_free = SELDOM
