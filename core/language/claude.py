"""The paper's rewriting loop with Claude: summarizer, evaluator, refiner, photo in view."""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from core.domain.detection import Grounding
from core.domain.item import Item
from core.domain.rewrite import Rewrite, RewriteRun
from core.domain.usage import Call, Spent
from core.errors import RewritingFailed
from core.language.budget import Budget
from core.language.calls import CallLog
from core.language.failures import BadAnswer
from core.language.messages import Messages
from core.language.meter import Usage
from core.language.prompts import Prompts
from core.language.question import Question, answer_of
from core.language.refinement_loop import LOOP_VERSION, Loop, Steps, drive
from core.ports.encoder import Vectors

_log = logging.getLogger(__name__)


class ClaudeRewriter:
    """Describes an item from its photo and listing in at most ``rounds`` turns of the loop.

    Every draft is checked to be one plain sentence, so a hostile listing can't make the model
    return anything else.

    Args:
        messages: The model to ask.
        prompts: The instructions for its roles.
        rounds: Most turns of draft and verdict (the paper has 5).
    """

    #: Empty: it uses no vectors, since its model sees the photo itself.
    towers = ""

    def __init__(self, messages: Messages, prompts: Prompts, rounds: int = 5) -> None:
        self.messages = messages
        self.prompts = prompts
        self._rounds = rounds
        self.name = messages.model
        parts = (
            str(LOOP_VERSION), messages.model, messages.base_url, prompts.digest, str(rounds),
            messages.effort,
        )  # fmt: skip
        self.fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def usage(self) -> Usage:
        """Tokens spent since this rewriter was made."""
        return self.messages.meter.total

    def for_job(
        self,
        budget: Budget | None = None,
        patience: float = 0.0,
        stopped: Callable[[], bool] = lambda: False,
        log: CallLog | None = None,
    ) -> ClaudeRewriter:
        """Return a copy of the rewriter for one job, with its own meter, budget and store."""
        messages = self.messages.for_job(budget, patience, stopped, log)
        return ClaudeRewriter(messages, self.prompts, self._rounds)

    def loop(
        self, item: Item, photo: Image.Image | None, grounding: Grounding | None = None
    ) -> Loop:
        """Return the loop over an item; the caller asks its questions."""
        return Loop(self.prompts, item, photo, self._rounds, grounding)

    def rewrite(
        self,
        item: Item,
        photo: Image.Image | None,
        grounding: Grounding | None = None,
        vector: Vectors | None = None,
    ) -> Rewrite:
        """Describe an item from its photo; the vector is not used.

        Where the photo shows much else, the model is told the product's box.

        Raises:
            RewritingFailed: There is no usable draft at all, or the server can't be asked; the
                sentence says why.
            BudgetReached: There is not enough left.
        """
        run = self.run(item, self.loop(item, photo, grounding).steps())
        if run.rewrite is None:
            raise RewritingFailed(run.problem)
        return run.rewrite

    def run(
        self,
        item: Item,
        steps: Steps,
        *,
        inputs: str = "",
        key: str = "",
        hint: str = "",
        asked_by: str = "",
        call: Callable[[Question[Any]], Call] | None = None,
    ) -> RewriteRun:
        """Run the loop over an item to its end and return its record.

        Errors of the model (a refusal, an answer in another form) are in the record.

        Args:
            item: The listing.
            steps: Of :meth:`loop`.
            inputs: Hash of the listing and photo.
            key: Key of the rewrite.
            hint: The person's instruction.
            asked_by: That person.
            call: Answers a question; default: asks the model.

        Raises:
            RewritingFailed: The server can't be asked. Answers that came are kept: the next run
                goes on from them.
            BudgetReached: There is not enough left.
        """
        started, spent = time.monotonic(), Spent()
        answered = call or self.messages.call
        rewrite: Rewrite | None = None

        def ask(question: Question[Any]) -> Any:
            nonlocal spent
            got = answered(question)
            spent += got.spent
            return answer_of(got.body, question.form)

        try:
            outcome = drive(steps, ask)
        except BadAnswer as problem:
            reason = str(problem)
        else:
            reason = outcome.problem
            rewrite = Rewrite(outcome.text, outcome.rounds, self.name, self.fingerprint)
        _log.info("rewrote %r: %s", item.item_id, spent)
        return RewriteRun(
            run_id=uuid.uuid4().hex,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            item_id=item.item_id,
            inputs=inputs,
            key=key if rewrite else "",
            model=self.name,
            prompts=self.prompts.digest,
            photo=item.photo.sha256,
            rewrite=rewrite,
            problem=reason,
            spent=spent,
            seconds=time.monotonic() - started,
            hint=hint,
            asked_by=asked_by,
        )
