"""Conversations through the Message Batches API: half the price, answers within a day.

All state is in the ledger. A conversation is run from its start each time; its first question
without a stored answer goes into the next batch. So the rounds of the loop become successive
batches, and a killed process can be resumed at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from threading import Event
from typing import Any, TypeVar

from core.base.counts import counted, verb
from core.domain.usage import Call
from core.errors import RewritingFailed, StudioError
from core.language.batch_exchange import BatchExchange
from core.language.batch_log import BatchLog
from core.language.budget import Budget
from core.language.conversations import Conversation, InBatch, Tally
from core.language.failures import Rejected, Troubled
from core.language.live import run_live
from core.language.messages import Messages
from core.language.outbox import Outbox
from core.language.question import Question

T = TypeVar("T")


class _NotYet(Exception):
    """The conversation has reached a question without an answer."""

    def __init__(self, key: str, question: Question[Any]) -> None:
        self.key, self.question = key, question


class BatchRunner:
    """Runs conversations in rounds of batches.

    Args:
        messages: The model to ask; its meter counts what is fetched.
        log: The ledger.
        budget: Limit on the cost of this job.
        poll: Seconds between two checks of an unfinished batch.
        patience: How long a failing server is tried again while waiting, seconds.
        sleep: Waits.
        failed: Questions that the server has refused, by key; one for several runs of a job.

    Attributes:
        troubled: Whether the last run ended because the server could not be asked.
    """

    def __init__(
        self,
        messages: Messages,
        log: BatchLog,
        budget: Budget | None = None,
        *,
        poll: float = 60.0,
        patience: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        failed: dict[str, RewritingFailed] | None = None,
    ) -> None:
        self._messages, self._budget = messages, budget
        self._poll, self._patience, self._sleep = poll, patience, sleep
        self._server = BatchExchange(messages, log, budget, {} if failed is None else failed)
        self.troubled = False

    def news(self) -> tuple[bool, bool]:
        """Fetch what has ended; return whether anything is under way, and whether there was any.

        Raises:
            Troubled, Rejected: The server can't be asked.
        """
        under_way, news = self._server.collect()
        return bool(under_way), news

    def run(
        self,
        conversations: Sequence[Conversation[T]],
        on_result: Callable[[str, T], None],
        tally: Tally,
        *,
        wait: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> str:
        """Fetch finished batches, run the conversations on, and submit the next questions.

        Args:
            conversations: The conversations.
            on_result: Called with each result.
            tally: Where failures and what is waited for are counted.
            wait: Wait until all is done; otherwise return when batches are submitted.
            should_stop: Called while waiting.

        Returns: The reason for an early return, or an empty text if every conversation has ended.
        """
        left, open_questions, changed, troubled = list(conversations), 0, True, 0.0
        self.troubled = False
        while True:
            try:
                under_way, news = self._server.collect()
                outbox = Outbox(
                    self._messages.model, self._messages.effort, self._server.submit,
                    self._budget, self._server.reserved,
                )  # fmt: skip
                if changed or news:
                    left, open_questions = self._go_on(left, under_way, on_result, tally, outbox)
                outbox.send()
                tally.waiting(len(left))
                if not left:
                    return ""
                if not open_questions:
                    return outbox.stopped
                if not wait:
                    return outbox.stopped or (
                        f"{counted(len(left), 'item')} {verb(len(left), 'waits', 'wait')} for "
                        "answers of a batch. Run it again to fetch "
                        "them, or with --wait to stay."
                    )
                changed, troubled = False, 0.0
            except Rejected as problem:
                return str(problem)
            except Troubled as problem:
                if not wait or troubled >= self._patience:
                    self.troubled = True
                    return str(problem)
                changed, troubled = True, troubled + max(self._poll, 1.0)
            self._pause(should_stop)
            if should_stop():
                return "It was stopped; the batches go on. Start it again to fetch them."

    def live(
        self,
        conversations: Iterable[Conversation[T]],
        on_result: Callable[[str, T], None],
        tally: Tally,
        *,
        concurrency: int = 4,
        should_stop: Callable[[], bool] = lambda: False,
        aborted: Event | None = None,
    ) -> str:
        """Ask without batches; answers of ended batches are fetched first, open ones are waited
        for.

        Args:
            conversations: The conversations; those with a question in an open batch wait for it.
            on_result: Called with each result.
            tally: Where failures and what is waited for are counted.
            concurrency: Conversations under way at once.
            should_stop: Asked before each start.
            aborted: Set when the job ends early, for conversations that wait for the server.

        Returns: The reason for an early end, or an empty text if every conversation has ended.
        """
        try:
            under_way, _ = self._server.collect()
        except (Troubled, Rejected) as problem:
            return str(problem)

        def call(question: Question[Any]) -> Call:
            if under_way and self._messages.key(question) in under_way:
                raise InBatch("Its answer is still to come in a batch.")
            return self._messages.call(question)

        return run_live(
            conversations, call, on_result, tally,
            concurrency=concurrency, should_stop=should_stop, aborted=aborted,
        )  # fmt: skip

    def _pause(self, should_stop: Callable[[], bool]) -> None:
        """Wait until the next check, or until a stop is requested."""
        rest = self._poll
        while rest > 0 and not should_stop():
            self._sleep(min(rest, 1.0))
            rest -= 1.0

    def _go_on(
        self,
        conversations: Sequence[Conversation[T]],
        under_way: set[str],
        on_result: Callable[[str, T], None],
        tally: Tally,
        outbox: Outbox,
    ) -> tuple[list[Conversation[T]], int]:
        """Run each conversation as far as there are answers, and put its next question into the
        outbox.

        Returns: The conversations that have not ended, and the number of their open questions.
        """
        left, asked = [], set()
        for conversation in conversations:
            try:
                result = conversation.run(self._answer)
            except _NotYet as next_:
                left.append(conversation)
                if next_.key in under_way:
                    asked.add(next_.key)
                else:
                    outbox.put(next_.key, next_.question)
            except StudioError as problem:
                tally.failed(conversation.name, str(problem))
            else:
                on_result(conversation.name, result)
        return left, len(asked) + outbox.count

    def _answer(self, question: Question[Any]) -> Call:
        call = self._messages.answered(question)
        if call is not None:
            return call
        key = self._messages.key(question)
        if key in self._server.failed:
            raise self._server.failed[key]
        raise _NotYet(key, question)
