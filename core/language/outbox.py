"""Collect questions into batches, within the limits of a batch and of the budget."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from core.domain.usage import Spent
from core.errors import BudgetReached, RewritingFailed
from core.language.budget import Budget
from core.language.failures import Unclear
from core.language.question import Question

#: Limits of one batch, well inside those of the API (100,000 requests, 256 MB).
MOST_QUESTIONS = 2_000
MOST_BYTES = 64 * 2**20

Chunk = Sequence[tuple[str, Question[Any]]]


class Outbox:
    """Submits questions as soon as there are enough for a batch, so few are in memory.

    Args:
        model: Name of the model.
        effort: Level of effort of the answers.
        submit: Submits a batch.
        budget: Limit of the cost; ``None`` is no limit.
        reserved: Reservations by key.

    Attributes:
        stopped: Why no more questions are accepted; empty while they are.
    """

    def __init__(
        self,
        model: str,
        effort: str,
        submit: Callable[[Chunk], None],
        budget: Budget | None,
        reserved: dict[str, Spent],
    ) -> None:
        self._model, self._effort, self._submit = model, effort, submit
        self._budget, self._reserved = budget, reserved
        self._keys: set[str] = set()
        self._chunk: list[tuple[str, Question[Any]]] = []
        self._size = 0
        self._failure: RewritingFailed | None = None
        self.stopped = ""

    @property
    def count(self) -> int:
        """Number of questions that were added."""
        return len(self._keys)

    def put(self, key: str, question: Question[Any]) -> None:
        """Add a question once, within the budget."""
        if key in self._keys or self.stopped:
            return
        if self._budget is not None:
            try:
                self._reserved[key] = self._budget.reserve(question.most(self._effort), batch=True)
            except BudgetReached as problem:
                self.stopped = str(problem)
                return
        size = len(json.dumps(question.params(self._model, self._effort)))
        if self._chunk and (len(self._chunk) >= MOST_QUESTIONS or self._size + size > MOST_BYTES):
            self._hand_in()
        self._keys.add(key)
        self._chunk.append((key, question))
        self._size += size

    def send(self) -> None:
        """Submit the questions that are left.

        Raises:
            RewritingFailed: The server refused this batch or an earlier one.
        """
        self._hand_in()
        if self._failure is not None:
            raise self._failure

    def _hand_in(self) -> None:
        chunk, self._chunk, self._size = self._chunk, [], 0
        if not chunk:
            return
        if self._failure is not None:
            self._release(chunk)
            return
        try:
            self._submit(chunk)
        except RewritingFailed as problem:  # raised at the end, not midway
            self._failure, self.stopped = problem, str(problem)
            if not isinstance(problem, Unclear):  # what may have to be paid stays reserved
                self._release(chunk)

    def _release(self, chunk: Chunk) -> None:
        for key, _ in chunk:
            if self._budget is not None:
                self._budget.settle(self._reserved.pop(key), Spent())
