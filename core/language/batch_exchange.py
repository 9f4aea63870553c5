"""What of batches is done with the server: hand them in, find them again, fetch their answers.

All that has to outlive the process is in the ledger: what is about to be handed in, what the server
has taken, what was fetched. So a process may be killed between any two steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

import anthropic

from core.domain.usage import Call, IntendedBatch, OpenBatch, Spent
from core.errors import RewritingFailed
from core.language.batch_log import BatchLog
from core.language.budget import Budget
from core.language.failures import Rejected, Troubled, Unclear, failure_of
from core.language.messages import Messages
from core.language.meter import usage_of
from core.language.outbox import Chunk

#: Largest expected difference between the server's clock and ours.
CLOCKS_DIFFER = timedelta(minutes=10)
#: A batch that is not in the server's list after so long was not taken; before, it may only not be
#: listed yet. The API does not say how long that takes.
LISTED_WITHIN = timedelta(minutes=5)
#: Statuses that leave open whether the server has taken a batch, besides those from 500 on.
_OPEN = (408, 409)
#: Errors of the client's HTTP library (which one depends on its version): nothing was sent.
_NO_CONNECTION = ("ConnectError", "ConnectTimeout")


class BatchExchange:
    """Hands batches in and fetches their answers, under the lock of all jobs.

    Args:
        messages: The model to ask; its meter counts what is fetched.
        log: The ledger.
        budget: Limit on the cost of this job.
        failed: Questions that the server has refused, by key.

    Attributes:
        failed: The same; new ones are added.
        reserved: What this job's budget has reserved, by question, until its answer is there.
    """

    def __init__(
        self,
        messages: Messages,
        log: BatchLog,
        budget: Budget | None,
        failed: dict[str, RewritingFailed],
    ) -> None:
        self._messages, self._log, self._budget = messages, log, budget
        self.failed = failed
        self.reserved: dict[str, Spent] = {}
        #: Names and ids of the batches for which this job's own budget has reserved.
        self._own: set[str] = set()

    def collect(self) -> tuple[set[str], bool]:
        """Fetch answers, also those of a killed job's batches.

        Returns: Keys of the questions under way, and whether there is any news: answers, or a
            batch that was not taken after all.

        Raises:
            Troubled, Rejected: The server can't be asked.
        """
        with self._log.batch_lock:
            undecided, dropped = self._adopt()
            waiting, fetched = self._fetch()
            return waiting | undecided, fetched or dropped

    def _adopt(self) -> tuple[set[str], bool]:
        """Find batches that the server accepted just before this process was killed.

        A batch says what it was asked only in its results. So one that has as many questions is
        waited for until it has ended, and is taken if its results are answers to these questions.

        Returns: Keys of questions that may be in a batch that has not ended or is not listed yet,
            and whether one was dropped, as it was not taken.
        """
        model, server = self._messages.model, self._messages.base_url
        intended = self._log.intended_batches(model, server)
        if not intended:
            return set(), False
        listed = self._listed(min(intention.at for intention in intended) - CLOCKS_DIFFER)
        undecided: set[str] = set()
        dropped = False
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
            elif _is_recent(intention) or any(b.processing_status != "ended" for b in alike):
                undecided.update(intention.roles)
            else:
                self._log.dropped(intention.name, model, server)
                self._release(intention.name, intention.roles, intention.most)
                dropped = True
        return undecided, dropped

    def _release(self, batch: str, keys: Iterable[str], most: Spent) -> None:
        """Release what is still reserved for a batch, by this job or by an earlier process."""
        if self._budget is None:
            return
        for key in keys:
            if key in self.reserved:
                self._budget.settle(self.reserved.pop(key), Spent())
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
        stored_before: bool | None = None  # answers of a batch are stored all at once
        for line in lines or ():
            result, key = line.result, line.custom_id
            if result.type == "succeeded":
                body = json.loads(result.message.to_json())
                if stored_before is None:
                    stored_before = self._is_stored(key, body)
                if stored_before:
                    continue
                spent = self._messages.prices.spent(model, usage_of(body), batch=True)
                self._messages.meter.add(spent)
                if self._budget is not None:
                    self._budget.settle(self.reserved.pop(key, Spent()), spent)
                yield Call(key, batch.roles.get(key, ""), model, body, spent, batch=True)
            elif result.type == "errored":
                sentence = (
                    f"{model} did not take the question."
                    if result.error.error.type == "invalid_request_error"
                    else f"The server of {model} had trouble with the question. Start again."
                )
                self.failed[key] = RewritingFailed(sentence)
            # canceled and expired ones cost nothing and are asked again

    def _is_stored(self, key: str, body: dict[str, Any]) -> bool:
        """Tell whether a process stored this answer, but died before it noted the batch so."""
        stored = self._log.get(key)
        return stored is not None and stored.body.get("id") == body.get("id")

    def submit(self, chunk: Chunk) -> None:
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
        most = sum((self.reserved.get(key, Spent()) for key in roles), Spent())
        once = self._messages.client.with_options(max_retries=0).messages.batches
        refused = False

        def create() -> Any:
            nonlocal refused
            try:
                return once.create(requests=requests)
            except anthropic.APIStatusError as error:
                refused = error.status_code < 500 and error.status_code not in _OPEN
                raise
            except anthropic.APIConnectionError as error:
                refused = type(error.__cause__).__name__ in _NO_CONNECTION
                raise

        with self._log.batch_lock:
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


def _is_recent(intention: IntendedBatch) -> bool:
    """Tell whether the server may have taken this batch and not listed it yet."""
    return datetime.now(UTC) < intention.at + LISTED_WITHIN


def _asked(batch: Any) -> int:
    """Return the number of questions in a batch."""
    counts = batch.request_counts
    return sum(
        (counts.processing, counts.succeeded, counts.errored, counts.canceled, counts.expired)
    )
