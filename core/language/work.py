"""Many conversations with a model, one per item: what they are, and how far they are."""

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

#: Answers a question, or raises what stops the conversation (or the whole job).
Answerer = Callable[[Question[Any]], Call]

#: So many failures of the server in a row, without one success, and a job gives up.
GIVE_UP = 5


class InBatch(StudioError):
    """A question is in a batch whose answers are still to come; asked now, it would cost twice."""


@dataclass(frozen=True, slots=True)
class Work(Generic[T]):
    """One conversation.

    Attributes:
        name: Of the item or pair that it is about.
        run: Has it, with the given answerer, from its start to its end; may be called again.
    """

    name: str
    run: Callable[[Answerer], T]


class Tally:
    """Counts of a job over threads; tells everybody who asked.

    Args:
        total: Conversations to have.
        spent: What was paid for so far.
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
        """Count conversations that ended well."""
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
        """Set the number of conversations whose next answer is still to come."""
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
