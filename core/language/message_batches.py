"""Conversations through the Message Batches API: half the price, answers within a day.

All state is in the ledger. A conversation is run from its start each time; its first question
without a stored answer goes into the next batch. So the rounds of the loop become successive
batches, and a killed process can be resumed at any time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from threading import Event
from typing import Any, TypeVar

import anthropic

from core.base.counts import counted, verb
from core.domain.usage import Call, IntendedBatch, OpenBatch, Spent
from core.errors import RewritingFailed, StudioError
from core.language.batch_log import BatchLog
from core.language.budget import Budget
from core.language.failures import Rejected, Troubled, Unclear, failure_of
from core.language.live import run_live
from core.language.messages import Messages
from core.language.meter import usage_of
from core.language.outbox import Chunk, Outbox
from core.language.question import Question
from core.language.work import InBatch, Tally, Work

T = TypeVar("T")

#: Largest expected difference between the server's clock and ours.
CLOCKS_DIFFER = timedelta(minutes=10)
#: Statuses that leave open whether the server has taken a batch, besides those from 500 on.
_OPEN = (408, 409)


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
        self._messages, self._log, self._budget = messages, log, budget
        self._poll, self._patience, self._sleep = poll, patience, sleep
        self._failed = {} if failed is None else failed
        self._reserved: dict[str, Spent] = {}
        #: Names and ids of the batches for which this job's own budget has reserved.
        self._own: set[str] = set()
        self.troubled = False

    def news(self) -> tuple[bool, bool]:
        """Fetch what has ended; return whether anything is under way, and whether there was any.

        Raises:
            Troubled, Rejected: The server can't be asked.
        """
        under_way, news = self._collect()
        return bool(under_way), news

    def run(
        self,
        works: Sequence[Work[T]],
        on_result: Callable[[str, T], None],
        tally: Tally,
        *,
        wait: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> str:
        """Fetch finished batches, run the conversations on, and submit the next questions.

        Args:
            works: The conversations.
            on_result: Called with each result.
            tally: Where failures and what is waited for are counted.
            wait: Wait until all is done; otherwise return when batches are submitted.
            should_stop: Called while waiting.

        Returns: The reason for an early return, or an empty text if every conversation has ended.
        """
        left, mine, look, troubled = list(works), 0, True, 0.0
        self.troubled = False
        while True:
            try:
                under_way, news = self._collect()
                out = Outbox(
                    self._messages.model, self._messages.effort, self._submit, self._budget,
                    self._reserved,
                )  # fmt: skip
                if look or news:
                    left, mine = self._go_on(left, under_way, on_result, tally, out)
                out.send()
                tally.waiting(len(left))
                if not left:
                    return ""
                if not mine:
                    return out.stopped
                if not wait:
                    return out.stopped or (
                        f"{counted(len(left), 'item')} {verb(len(left), 'waits', 'wait')} for "
                        "answers of a batch. Run it again to fetch "
                        "them, or with --wait to stay."
                    )
                look, troubled = False, 0.0
            except Rejected as problem:
                return str(problem)
            except Troubled as problem:
                if not wait or troubled >= self._patience:
                    self.troubled = True
                    return str(problem)
                look, troubled = True, troubled + max(self._poll, 1.0)
            self._pause(should_stop)
            if should_stop():
                return "It was stopped; the batches go on. Start it again to fetch them."

    def live(
        self,
        works: Iterable[Work[T]],
        on_result: Callable[[str, T], None],
        tally: Tally,
        *,
        concurrency: int = 4,
        should_stop: Callable[[], bool] = lambda: False,
        gone: Event | None = None,
    ) -> str:
        """Ask without batches; answers of ended batches are fetched first, open ones are waited
        for.

        Args:
            works: The conversations; those with a question in an open batch wait for it.
            on_result: Called with each result.
            tally: Where failures and what is waited for are counted.
            concurrency: Conversations under way at once.
            should_stop: Asked before each start.
            gone: Set when the job is broken off.

        Returns: The reason for an early end, or an empty text if every conversation has ended.
        """
        try:
            under_way, _ = self._collect()
        except (Troubled, Rejected) as problem:
            return str(problem)

        def call(question: Question[Any]) -> Call:
            if under_way and self._messages.key(question) in under_way:
                raise InBatch("Its answer is still to come in a batch.")
            return self._messages.call(question)

        return run_live(
            works, call, on_result, tally,
            concurrency=concurrency, should_stop=should_stop, gone=gone,
        )  # fmt: skip

    def _pause(self, should_stop: Callable[[], bool]) -> None:
        """Wait until the next check, or until a stop is requested."""
        rest = self._poll
        while rest > 0 and not should_stop():
            self._sleep(min(rest, 1.0))
            rest -= 1.0

    def _go_on(
        self,
        works: Sequence[Work[T]],
        under_way: set[str],
        on_result: Callable[[str, T], None],
        tally: Tally,
        out: Outbox,
    ) -> tuple[list[Work[T]], int]:
        """Run each conversation as far as there are answers, and put its next question into the
        outbox.

        Returns: The conversations that have not ended, and the number of their open questions.
        """
        left, asked = [], set()
        for work in works:
            try:
                result = work.run(self._answer)
            except _NotYet as next_:
                left.append(work)
                if next_.key in under_way:
                    asked.add(next_.key)
                else:
                    out.put(next_.key, next_.question)
            except StudioError as problem:
                tally.failed(work.name, str(problem))
            else:
                on_result(work.name, result)
        return left, len(asked) + out.count

    def _answer(self, question: Question[Any]) -> Call:
        call = self._messages.answered(question)
        if call is not None:
            return call
        key = self._messages.key(question)
        if key in self._failed:
            raise self._failed[key]
        raise _NotYet(key, question)

    # ── with the server ──────────────────────────────────────────────────────────────────────
    def _collect(self) -> tuple[set[str], bool]:
        """Fetch answers under the lock of all jobs, also those of a killed job's batches."""
        with self._log.turn:
            undecided = self._adopt()
            waiting, news = self._fetch()
            return waiting | undecided, news

    def _adopt(self) -> set[str]:
        """Find batches that the server accepted just before this process was killed.

        A batch says what it was asked only in its results. So one that has as many questions is
        waited for until it has ended, and is taken if its results are answers to these questions.

        Returns: Keys of questions that may be in a batch that has not ended.
        """
        model, server = self._messages.model, self._messages.base_url
        intended = self._log.intended_batches(model, server)
        if not intended:
            return set()
        listed = self._listed(min(intention.at for intention in intended) - CLOCKS_DIFFER)
        undecided: set[str] = set()
        for intention in intended:
            alike = [
                batch
                for batch in listed
                if batch.created_at >= intention.at - CLOCKS_DIFFER
                and _asked(batch) == len(intention.roles)
            ]
            own = next((batch for batch in alike if self._answers(batch, intention)), None)
            if own is not None:
                listed.remove(own)
                if intention.name in self._own:
                    self._own.add(own.id)
                self._log.handed_in(
                    own.id, model, server, intention.roles, intention.name, intention.most
                )
            elif any(batch.processing_status != "ended" for batch in alike):
                undecided.update(intention.roles)
            else:
                self._log.dropped(intention.name, model, server)
                self._release(intention.name, intention.roles, intention.most)
        return undecided

    def _release(self, batch: str, keys: Iterable[str], most: Spent) -> None:
        """Release what is still reserved for a batch, by this job or by an earlier process."""
        if self._budget is None:
            return
        for key in keys:
            if key in self._reserved:
                self._budget.settle(self._reserved.pop(key), Spent())
        if batch not in self._own:
            self._budget.settle_earlier(most)

    def _listed(self, since: datetime) -> list[Any]:
        """Return the server's batches since a time that are not in the ledger, latest first."""
        api, model = self._messages.client.messages.batches, self._messages.model
        in_ledger = self._log.batch_ids(model, self._messages.base_url)

        def listed() -> list[Any]:
            recent = takewhile(lambda batch: batch.created_at >= since, api.list(limit=100))
            return [batch for batch in recent if batch.id not in in_ledger]

        batches: list[Any] = self._guarded(listed)
        return batches

    def _answers(self, batch: Any, intention: IntendedBatch) -> bool:
        """Tell whether a batch has ended and its results are answers to these questions."""
        if batch.processing_status != "ended" or not batch.results_url:
            return False
        api = self._messages.client.messages.batches
        first = self._guarded(lambda name: next(iter(api.results(name)), None), batch.id)
        return first is not None and first.custom_id in intention.roles

    def _fetch(self) -> tuple[set[str], bool]:
        """Store the answers of all batches that have ended.

        Returns: Keys of the open questions, and whether anything was fetched.
        """
        waiting: set[str] = set()
        news = False
        model, server = self._messages.model, self._messages.base_url
        for batch in self._log.open_batches(model, server):
            state = self._guarded(self._messages.client.messages.batches.retrieve, batch.batch_id)
            if state is not None and state.processing_status != "ended":
                waiting.update(batch.roles)
                continue
            if state is not None and state.results_url:
                self._log.add(list(self._results(batch)))
            self._release(batch.batch_id, batch.roles, batch.most)
            self._log.fetched(batch.batch_id, model, server)
            news = True
        return waiting, news

    def _results(self, batch: OpenBatch) -> Iterator[Call]:
        model = self._messages.model
        api = self._messages.client.messages.batches
        # read to the end first: an interrupted download is repeated as a whole
        lines = self._guarded(lambda name: list(api.results(name)), batch.batch_id)
        for line in lines or ():
            result, key = line.result, line.custom_id
            if result.type == "succeeded":
                body = json.loads(result.message.to_json())
                if self._is_stored(key, body):
                    continue
                spent = self._messages.prices.spent(model, usage_of(body), batch=True)
                self._messages.meter.add(spent)
                if self._budget is not None:
                    self._budget.settle(self._reserved.pop(key, Spent()), spent)
                yield Call(key, batch.roles.get(key, ""), model, body, spent, batch=True)
            elif result.type == "errored":
                sentence = (
                    f"{model} did not take the question."
                    if result.error.error.type == "invalid_request_error"
                    else f"The server of {model} had trouble with the question. Start again."
                )
                self._failed[key] = RewritingFailed(sentence)
            # canceled and expired ones cost nothing and are asked again

    def _is_stored(self, key: str, body: dict[str, Any]) -> bool:
        """Tell whether a process stored this answer, but died before it noted the batch so."""
        stored = self._log.get(key)
        return stored is not None and stored.body.get("id") == body.get("id")

    def _submit(self, chunk: Chunk) -> None:
        """Hand in a batch, once: where its answer is lost, the server may have taken it.

        Raises:
            Troubled, Rejected: It was not taken.
            Unclear: It may have been taken.
        """
        model, server = self._messages.model, self._messages.base_url
        effort = self._messages.effort
        requests: Any = [
            {"custom_id": key, "params": question.params(model, effort, cached=question.shared)}
            for key, question in chunk
        ]
        roles = {key: question.role for key, question in chunk}
        most = sum((self._reserved.get(key, Spent()) for key in roles), Spent())
        once = self._messages.client.with_options(max_retries=0).messages.batches
        refused = False

        def create() -> Any:
            nonlocal refused
            try:
                return once.create(requests=requests)
            except anthropic.APIStatusError as error:
                refused = error.status_code < 500 and error.status_code not in _OPEN
                raise

        with self._log.turn:
            name = self._log.intend(model, server, roles, most)
            self._own.add(name)
            try:
                batch = self._guarded(create)
            except (Troubled, Rejected) as problem:
                if not refused:
                    raise Unclear(str(problem)) from None
                self._log.dropped(name, model, server)
                raise
            self._log.handed_in(batch.id, model, server, roles, name, most)
        self._own.add(batch.id)

    def _guarded(self, act: Callable[..., Any], *given: Any) -> Any:
        """Call a function; a batch that is gone gives ``None``, other errors become sentences."""
        problem: RewritingFailed
        try:
            return act(*given)
        except anthropic.NotFoundError as error:
            if given:
                return None
            problem = failure_of(error, self._messages.model)
        except Exception as error:  # also errors of the connection while results are read
            problem = failure_of(error, self._messages.model)
        # raised outside of the handler: the client's error holds the request, and that the key
        if isinstance(problem, (Troubled, Rejected)):
            raise problem
        raise Troubled(str(problem))


def _asked(batch: Any) -> int:
    """Return the number of questions in a batch."""
    counts = batch.request_counts
    return sum(
        (counts.processing, counts.succeeded, counts.errored, counts.canceled, counts.expired)
    )
