"""Conversations with a model, one per item, and their progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Generic, TypeVar

from core.domain.rewrite import RewriteProgress
from core.domain.usage import Call, Spent
from core.errors import StudioError
from core.language.question import Question

T = TypeVar("T")

#: Answers a question, or raises an error that stops the conversation or the job.
Answerer = Callable[[Question[Any]], Call]

#: Number of server failures in a row after which a job gives up.
GIVE_UP = 5


class InBatch(StudioError):
    """The question is in an open batch; asking it now would cost twice."""


@dataclass(frozen=True, slots=True)
class Conversation(Generic[T]):
    """One conversation.

    Attributes:
        name: Of the item or pair that it is about.
        run: Runs it from its start with the given answerer; may be called again.
    """

    name: str
    run: Callable[[Answerer], T]


class Tally:
    """Counts of a job over threads, reported to ``on_progress``.

    Args:
        total: Conversations to have.
        spent: Returns the cost so far.
        on_progress: Called with snapshots.
    """

    def __init__(
        self,
        total: int,
        spent: Callable[[], Spent],
        on_progress: Callable[[RewriteProgress], None] | None = None,
    ) -> None:
        self._spent, self._on_progress = spent, on_progress
        self._lock = Lock()
        self._state = RewriteProgress(total=total)
        self.problems: dict[str, str] = {}

    @property
    def state(self) -> RewriteProgress:
        """A snapshot."""
        with self._lock:
            spent, state = self._spent(), self._state
            ended, rest = state.ended, state.total - state.ended
            to_go = None
            if ended and spent.dollars is not None:
                to_go = spent.dollars / ended * rest
            return replace(state, spent=spent, to_go=to_go)

    def done(self, count: int = 1) -> None:
        """Count successful conversations."""
        with self._lock:
            self._state = replace(self._state, done=self._state.done + count)
        self.tell()

    def failed(self, name: str, reason: str) -> None:
        """Count a conversation that gave nothing usable."""
        with self._lock:
            self._state = replace(self._state, failed=self._state.failed + 1)
            self.problems[name] = reason
        self.tell()

    def waiting(self, count: int) -> None:
        """Set the number of conversations that wait for an answer."""
        with self._lock:
            self._state = replace(self._state, waiting=count)
        self.tell()

    def say(self, message: str) -> None:
        """Report a sentence for people."""
        with self._lock:
            self._state = replace(self._state, message=message)
        self.tell()

    def tell(self) -> None:
        """Report a snapshot."""
        if self._on_progress is not None:
            self._on_progress(self.state)
