"""A vision-language model as judge of search results, as in the paper: Precision@1/3/5.

    judge = build_judge(settings, ledger)
    report = judge.grade_all(tasks)
    report.precision_at({"q1": ["item-3", "item-9", …]})

It asks through the same client as the rewriting agent: same ledger (a result is never paid for
twice), same budget, same batches.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from pydantic import BaseModel, Field

from core.domain.job import OnProgress
from core.domain.judge import JudgeGrade, JudgeReport, JudgeTask
from core.errors import QueryError
from core.language.answers import short_lines
from core.language.batch_log import BatchLog
from core.language.budget import Budget
from core.language.conversations import Answerer, Conversation, Tally
from core.language.listing import photo_block
from core.language.live import run_live
from core.language.message_batches import BatchRunner
from core.language.messages import Messages
from core.language.plain import plain
from core.language.prompts import load_prompt
from core.language.question import Question, answer_of

if TYPE_CHECKING:
    from core.settings import Settings

#: Raise this when the judge asks in another way: results are then graded again.
JUDGE_VERSION = 1


class GradeForm(BaseModel):
    """The judge's answer."""

    reason: str = Field(description="Why, in one short sentence.")
    grade: int = Field(ge=0, le=3, description="0 irrelevant, 1 related, 2 good, 3 exact.")


class VisualJudge:
    """Grades results 0 to 3, each with a reason.

    Args:
        messages: The model to ask.
        prompt: Its instructions.
        log: The ledger, for batches.
    """

    def __init__(self, messages: Messages, prompt: str, log: BatchLog | None = None) -> None:
        self.messages, self._prompt, self._log = messages, prompt, log
        self.name = messages.model
        parts = (str(JUDGE_VERSION), messages.model, messages.base_url, prompt, messages.effort)
        self.fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def question(self, task: JudgeTask) -> Question[GradeForm]:
        """Return the question for one result; the query comes first, so that it is cached.

        Raises:
            QueryError: The query is neither words nor a photo.
            ImageError: A photo is lost or damaged.
        """
        blocks: list[Any] = []
        words = plain(task.text, 500)
        if task.query_photo is not None:
            blocks += [{"type": "text", "text": "The query item:"}, photo_block(task.query_photo())]
        elif words:
            blocks.append({"type": "text", "text": f"<query>{escape(words)}</query>"})
        else:
            raise QueryError("There is no query to judge by: neither words nor a photo.")
        blocks[-1]["cache_control"] = {"type": "ephemeral"}
        blocks += [{"type": "text", "text": "The result to grade:"}, photo_block(task.photo())]
        return Question("judge", self._prompt, blocks, GradeForm, shared=True)

    def grade(self, task: JudgeTask, call: Answerer | None = None) -> JudgeGrade:
        """Grade one result.

        Raises:
            RewritingFailed: There is no usable answer.
            BudgetReached: There is not enough left.
        """
        got = (call or self.messages.call)(self.question(task))
        answer = answer_of(got.body, GradeForm)
        reason = " ".join(short_lines([answer.reason], 1))
        return JudgeGrade(task.query_id, task.item_id, answer.grade, reason, self.name, got.spent)

    def grade_all(
        self,
        tasks: Sequence[JudgeTask],
        *,
        concurrency: int = 4,
        dollars: float | None = None,
        tokens: int | None = None,
        batch: bool = False,
        wait: bool = False,
        patience: float = 0.0,
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> JudgeReport:
        """Grade many results; what was graded before costs nothing.

        Args:
            tasks: The results.
            concurrency: Questions under way at once.
            dollars: Most that the job may spend.
            tokens: Most tokens that the job may use.
            batch: Hand the questions in as a batch (half the price) instead of asking at once.
            wait: Wait until a batch is done; otherwise call again later to fetch it.
            patience: How long an overloaded server is asked again, seconds.
            on_progress: Called with each progress report.
            should_stop: Checked before each question.
        """
        capped = dollars is not None or tokens is not None
        prices = self.messages.prices
        budget = Budget(self.name, prices, dollars=dollars, tokens=tokens) if capped else None
        aborted = Event()
        messages = self.messages.for_job(
            budget, patience, lambda: aborted.is_set() or should_stop()
        )
        grades: dict[tuple[str, str], JudgeGrade] = {}
        tally = Tally(len(tasks), lambda: messages.meter.spent, on_progress)

        def keep(_: str, grade: JudgeGrade) -> None:
            grades[grade.query_id, grade.item_id] = grade
            tally.done()

        conversations = [self._conversation(task) for task in tasks]
        if self._log is None:
            if batch:
                raise ValueError("batches need a ledger")
            stopped = run_live(
                conversations,
                messages.call,
                keep,
                tally,
                concurrency=concurrency,
                should_stop=should_stop,
            )
        elif batch:
            runner = BatchRunner(messages, self._log, budget, patience=patience)
            stopped = runner.run(conversations, keep, tally, wait=wait, should_stop=should_stop)
        else:
            runner = BatchRunner(messages, self._log, budget)
            stopped = runner.live(
                conversations,
                keep,
                tally,
                concurrency=concurrency,
                should_stop=should_stop,
                aborted=aborted,
            )
        return JudgeReport(grades, tally.problems, messages.meter.spent, stopped)

    def _conversation(self, task: JudgeTask) -> Conversation[JudgeGrade]:
        name = f"{task.query_id} → {task.item_id}"
        return Conversation(name, lambda call: self.grade(task, call))


def build_judge(settings: Settings, log: BatchLog | None = None) -> VisualJudge:
    """Build the judge that the settings allow.

    Raises:
        SettingsError: The agent is off, or there is no key; the sentence says what to set.
    """
    from core.language.rewriters import build_messages

    folder: Path = settings.shipped / "prompts"
    return VisualJudge(build_messages(settings, log), load_prompt(folder, "judge"), log)
