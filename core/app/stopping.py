"""Stopping an evaluation that somebody on a page has started."""

from __future__ import annotations

from core.app.answering import OnProgress
from core.errors import EvaluationStopped


class Stops:
    """Which evaluations somebody wants to stop, by whatever names them; for several threads."""

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def clear(self, name: str) -> None:
        """Forget an old wish, before a new evaluation starts."""
        self._asked.discard(name)

    def stop(self, name: str) -> None:
        """Ask an evaluation to stop where it next says how far it is."""
        self._asked.add(name)

    def follow(self, name: str, tell: OnProgress) -> OnProgress:
        """What to give the evaluation: it tells, and raises ``EvaluationStopped`` once asked to."""

        def heed(done: int, total: int, message: str) -> None:
            if name in self._asked:
                raise EvaluationStopped
            tell(done, total, message)

        return heed
