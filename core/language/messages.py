"""Ask the Messages API a question and validate its answer; each failure has a sentence.

The official client retries by itself (connection errors, 408, 409, 429, 5xx, honouring
``retry-after``), and a pause that the server requests holds for all threads. Errors raised here
remained after these retries. An answer is stored as soon as it arrives, before it is parsed, so no
question is paid for twice.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import anthropic

from core.base.keyed_locks import KeyedLocks
from core.domain.usage import Call, Spent
from core.errors import RewritingFailed
from core.language.budget import Budget
from core.language.calls import CallLog
from core.language.failures import Troubled, failure_of
from core.language.meter import Meter, usage_of
from core.language.model_prices import Prices
from core.language.question import Form, Question, answer_of
from core.language.request_pace import Pace

#: Longest pause requested by the server that is waited for if ``patience`` is 0, seconds.
LONGEST_PAUSE = 20.0


class Messages:
    """A client of the Messages API that never reveals the key or a raw error.

    Args:
        api_key: Secret; neither kept here nor printed.
        model: Name of the model.
        base_url: Another server that speaks the Messages API; ``None`` is the SDK's default
            (``ANTHROPIC_BASE_URL``, else Anthropic's own).
        timeout: Longest wait for one answer, seconds.
        max_retries: How often the client tries again.
        log: Store of the answers; ``None`` stores none.
        prices: Prices of tokens.
        pace: The pause that all threads share.
        effort: Level of effort of the answers; empty leaves it to the model.
    """

    def __init__(
        self,
        api_key: str,
        model: str,
        *,
        base_url: str | None = None,
        timeout: float = 120.0,
        max_retries: int = 4,
        log: CallLog | None = None,
        prices: Prices | None = None,
        pace: Pace | None = None,
        effort: str = "",
    ) -> None:
        self.model, self.effort = model, effort
        self.meter = Meter()
        self.prices = prices or Prices({})
        self._log, self._pace = log, pace or Pace(0.5)
        self._budget: Budget | None = None
        self._patience, self._began = 0.0, 0.0
        self._stopped: Callable[[], bool] = lambda: False
        self._asking = KeyedLocks()  # one thread per question: equal items are asked about once
        self.client = anthropic.Anthropic(
            api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries
        )

    @property
    def base_url(self) -> str:
        """URL of the server."""
        return str(self.client.base_url)

    def for_job(
        self,
        budget: Budget | None = None,
        patience: float = 0.0,
        stopped: Callable[[], bool] = lambda: False,
        log: CallLog | None = None,
    ) -> Messages:
        """Return a copy of the client for one job, with its own meter and budget.

        Args:
            budget: Limit of the job's cost.
            patience: How long a server in trouble is asked again and again, seconds.
            stopped: Asked before each question, also while a server in trouble is waited for.
            log: The job's own store of answers; ``None`` takes the client's.
        """
        job = copy.copy(self)
        job._log = log or self._log
        job.meter, job._budget, job._patience = Meter(), budget, patience
        job._began, job._stopped = self._pace.now, stopped
        return job

    def answered(self, question: Question[Any]) -> Call | None:
        """Return the stored answer to a question, or ``None``."""
        return self._log.get(self.key(question)) if self._log is not None else None

    def key(self, question: Question[Any]) -> str:
        """Return the key of a question's stored answer."""
        return question.key(self.model, self.base_url, self.effort)

    def ask(self, question: Question[Form]) -> tuple[Form, Call]:
        """Return the parsed answer to a question and its record; raises as :meth:`call` does.

        Raises:
            BadAnswer: The model refused, was cut off, or did not keep to the form.
        """
        call = self.call(question)
        return answer_of(call.body, question.form), call

    def call(self, question: Question[Any]) -> Call:
        """Return the raw answer, usable or not; a question with a stored answer is not sent again.

        Raises:
            Troubled: The server can't answer now, or the job was stopped.
            BudgetReached: There is not enough left for this question.
            RewritingFailed: There was no answer.
        """
        key = self.key(question)
        with self._asking.hold(key):
            return self.answered(question) or self._pay(question, key)

    def _pay(self, question: Question[Any], key: str) -> Call:
        """Ask within the budget; retry until ``patience`` seconds have passed."""
        while True:
            if self._stopped():
                raise Troubled("It was stopped.")
            most = question.most(self.effort)
            reserved = self._budget.reserve(most) if self._budget else Spent()
            call: Call | None = None
            try:
                call = self._send(question, key)
                return call
            except Troubled:
                if self._pace.troubled(self._began) >= self._patience:
                    raise
            finally:
                if self._budget:
                    self._budget.settle(reserved, call.spent if call else Spent())

    def _send(self, question: Question[Any], key: str) -> Call:
        calls: list[Call] = []

        def attempt(request: Any, call_next: Any) -> Any:
            if self._patience <= 0 and self._pace.rest > LONGEST_PAUSE:
                raise Troubled(
                    f"{self.model} wants no questions for another {self._pace.rest:.0f} seconds. "
                    "Try again later."
                )
            self._pace.wait(self._stopped)
            if self._stopped():
                raise Troubled("It was stopped.")
            try:
                response = call_next(request)
            except anthropic.APIConnectionError:
                self._pace.trouble()
                raise
            if response.status_code == 200:
                calls.append(self._keep(question, key, _json(response)))
            elif response.status_code in (408, 409, 429) or response.status_code >= 500:
                self._pace.trouble(retry_after(response.headers))
            return response

        problem: RewritingFailed | None = None
        try:
            # not ``parse``: ``answer_of`` reads answers, those from the store and from batches, too
            asked: Any = question.params(self.model, self.effort)
            self.client.with_middleware(attempt).messages.create(**asked)
        except (anthropic.AnthropicError, ValueError, TypeError) as error:
            problem = None if calls else failure_of(error, self.model)
        if problem is not None:
            # raised outside of the handler: the client's error holds the request, and that the key
            raise problem
        return calls[-1]

    def _keep(self, question: Question[Any], key: str, body: object) -> Call:
        """Count and store an answer as it arrives."""
        self._pace.fine()
        spent = self.prices.spent(self.model, usage_of(body))
        self.meter.add(spent)
        message = body if isinstance(body, dict) else {}
        call = Call(key, question.role, self.model, message, spent)
        if self._log is not None and message.get("type") == "message":
            self._log.add([call])
        return call


def retry_after(headers: Any) -> float | None:
    """Return the wait that the server requests, seconds; ``None`` if it requests none."""
    with suppress(TypeError, ValueError):
        return max(0.0, float(headers.get("retry-after-ms")) / 1000)
    with suppress(TypeError, ValueError):
        return max(0.0, float(headers.get("retry-after")))
    with suppress(TypeError, ValueError):
        moment = parsedate_to_datetime(headers.get("retry-after"))
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None


def _json(response: Any) -> object:
    try:
        return json.loads(response.read())
    except (ValueError, UnicodeDecodeError):
        return None
