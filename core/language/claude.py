"""The paper's rewriting loop with Claude: summarizer, evaluator, refiner, photo in view."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

from PIL import Image

from core.domain.item import Item
from core.domain.rewrite import Rewrite, Round
from core.errors import RewritingFailed
from core.language.answers import Draft, Unusable, Verdict, short_lines, usable
from core.language.listing import draft_xml, item_blocks
from core.language.messages import Answer, BadAnswer, Messages, Refused
from core.language.prompts import Prompts
from core.language.usage import Usage

#: Raise this when the loop changes what it writes: stored rewrites are then made again.
LOOP_VERSION = 1

_log = logging.getLogger(__name__)


class ClaudeRewriter:
    """Describes an item from its photo and listing in at most ``rounds`` turns of the loop.

    Every draft is checked before it is accepted (one plain sentence), so nothing that a hostile
    listing talks the model into can be more than a sentence of words.

    Args:
        messages: The model to ask.
        prompts: What it is told.
        rounds: Most turns of draft and verdict (the paper has 5).
    """

    def __init__(self, messages: Messages, prompts: Prompts, rounds: int = 5) -> None:
        self._messages = messages
        self._prompts = prompts
        self._rounds = rounds
        self.name = messages.model
        parts = (str(LOOP_VERSION), messages.model, messages.base_url, prompts.digest, str(rounds))
        self.fingerprint = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def usage(self) -> Usage:
        """Tokens spent since this rewriter was made."""
        return self._messages.meter.total

    def rewrite(self, item: Item, photo: Image.Image | None) -> Rewrite:
        """Describe an item.

        A failure after the first usable draft ends the loop: that draft stands, and the trace says
        why there are no more rounds.

        Raises:
            RewritingFailed: There is no usable draft at all; the sentence says why.
        """
        task = _Task(self._messages, self._prompts, item, photo)
        draft = task.summarize()
        done: list[Round] = []
        try:
            for number in range(1, self._rounds + 1):
                verdict = task.evaluate(draft)
                done.append(verdict)
                if verdict.stop or number == self._rounds:
                    break
                better = task.refine(verdict)
                if better == draft:
                    break
                draft = better
        except (RewritingFailed, Unusable) as problem:
            done = _ended(done, draft, str(problem))
        _log.info("rewrote %r in %d rounds, %s", item.item_id, len(done), task.spent)
        return Rewrite(draft, tuple(done), self.name, self.fingerprint)


class _Task:
    """One item's conversation: the same photo and listing in every question, so they are cached."""

    def __init__(
        self, messages: Messages, prompts: Prompts, item: Item, photo: Image.Image | None
    ) -> None:
        self._messages = messages
        self._prompts = prompts
        self._blocks = item_blocks(item, photo)
        self.spent = Usage()

    def summarize(self) -> str:
        """The first draft; a bad answer gets one more chance."""
        try:
            return self._draft(self._prompts.summarizer)
        except Refused:
            raise  # asking again would only cost again
        except (BadAnswer, Unusable):
            pass
        try:
            return self._draft(self._prompts.summarizer)
        except Unusable as problem:
            reason = f"The model's answer is no description: {problem}."
        raise RewritingFailed(reason)

    def evaluate(self, draft: str) -> Round:
        """The verdict on a draft."""
        task = f"{draft_xml(draft)}\n\n{self._prompts.evaluator}"
        verdict = self._ask(task, Verdict)
        suggestions = () if verdict.stop else short_lines(verdict.suggestions)
        return Round(
            draft=draft,
            score=verdict.score,
            justification=" ".join(short_lines([verdict.justification], 1, 600)),
            suggestions=suggestions,
            stop=verdict.stop or verdict.score >= 5 or not suggestions,
        )

    def refine(self, verdict: Round) -> str:
        """The next draft, following a verdict's suggestions."""
        numbered = "\n".join(f"{n}. {one}" for n, one in enumerate(verdict.suggestions, 1))
        return self._draft(
            f"{draft_xml(verdict.draft)}\n\n{self._prompts.refiner}\n\nSuggestions:\n{numbered}"
        )

    def _draft(self, task: str) -> str:
        return usable(self._ask(task, Draft).description)

    def _ask(self, task: str, answer: type[Answer]) -> Answer:
        parsed, usage = self._messages.ask(
            self._prompts.system, [*self._blocks, {"type": "text", "text": task}], answer
        )
        self.spent += usage
        return parsed


def _ended(done: list[Round], draft: str, reason: str) -> list[Round]:
    """The trace of a loop that broke off: its last round holds the standing draft and why."""
    note = f"The loop ended early: {reason}"
    if done and done[-1].draft == draft:
        last = done[-1]
        return [*done[:-1], replace(last, justification=f"{last.justification} {note}".strip())]
    return [*done, Round(draft, justification=note)]
