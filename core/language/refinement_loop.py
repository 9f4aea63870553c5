"""The paper's loop, summarizer → evaluator → refiner, independent of how questions are sent.

A loop yields questions and gets their answers. So the same loop works with single questions, with
threads, and with batches that are answered a day later: run again from its start, it uses the
stored answers up to the first missing one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image

from core.domain.detection import Grounding
from core.domain.item import Item
from core.domain.rewrite import Round
from core.language.answers import (
    DraftReply,
    Reply,
    Unusable,
    VerdictReply,
    short_lines,
    usable,
)
from core.language.failures import BadAnswer, Refused
from core.language.listing import box_to_tell, draft_xml, item_blocks
from core.language.prompts import Prompts
from core.language.question import Question
from core.language.text_scripts import in_same_script

#: Raise this when the loop changes what it writes: stored rewrites are then made again.
LOOP_VERSION = 3

#: Yields questions, is sent the parsed answers (or thrown a ``BadAnswer``), returns the outcome.
Steps = Generator[Question[Any], Any, "Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a loop.

    Attributes:
        rounds: The trace; the last draft is the description.
        problem: Why the loop ended early; empty when it did not.
    """

    rounds: tuple[Round, ...]
    problem: str = ""

    @property
    def text(self) -> str:
        """The description."""
        return self.rounds[-1].draft


def drive(steps: Steps, ask: Callable[[Question[Any]], Any]) -> Outcome:
    """Run a loop to its end; ``ask`` answers, or raises ``BadAnswer``, which the loop handles."""
    try:
        question = next(steps)
        while True:
            try:
                answer = ask(question)
            except BadAnswer as problem:
                question = steps.throw(problem)
            else:
                question = steps.send(answer)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


class Loop:
    """The loop over one item: all questions begin alike, so a server can cache the beginning.

    Args:
        prompts: Instructions for the roles.
        item: The listing.
        photo: Its photo, if there is one.
        rounds: Most turns of draft and verdict.
        grounding: Where the product is in its photo; told if the photo shows much else.
    """

    def __init__(
        self,
        prompts: Prompts,
        item: Item,
        photo: Image.Image | None,
        rounds: int,
        grounding: Grounding | None = None,
    ) -> None:
        self._prompts, self._rounds = prompts, rounds
        self._blocks = item_blocks(item, photo, box_to_tell(grounding))
        self._language = item.title  # the description is written in the listing's language

    def steps(self, attempt: int = 0) -> Steps:
        """Run the loop from a first draft to the last draft.

        An unusable answer after the first draft ends the loop: that draft stands, and the trace
        says why there are no more rounds.

        Args:
            attempt: Answers to the first draft that were unusable in earlier runs.

        Raises:
            BadAnswer: There is no usable draft at all; the sentence says why.
        """
        draft = yield from self._summarize(attempt)
        return (yield from self._improve(draft, []))

    def another_round(self, standing: str, hint: str, who: str, attempt: int = 0) -> Steps:
        """Run the loop from a standing text, with a person's wish as the first verdict.

        Args:
            standing: The text.
            hint: The wish.
            who: The person.
            attempt: Unusable answers to this wish in earlier runs.

        Raises:
            BadAnswer: There is no usable draft; the sentence says why.
        """
        wish = " ".join(short_lines([hint], 1)) or "Look again and say it better."
        self._language += f" {standing} {hint}"  # a person may ask for another round
        asked = Round(
            standing, justification=f"{who} asked for another round.", suggestions=(wish,)
        )
        try:
            draft = yield from self._refine(asked, attempt)
        except Unusable as problem:
            raise BadAnswer(f"The model's answer is no description: {problem}.") from None
        return (yield from self._improve(draft, [asked]))

    def _improve(self, draft: str, done: list[Round]) -> Steps:
        try:
            for number in range(1, self._rounds + 1):
                verdict = yield from self._evaluate(draft)
                done.append(verdict)
                if verdict.stop or number == self._rounds:
                    break
                better = yield from self._refine(verdict)
                if better == draft:
                    break
                draft = better
        except (BadAnswer, Unusable) as problem:
            return Outcome(tuple(_ended(done, draft, str(problem))), str(problem))
        return Outcome(tuple(done))

    def _summarize(self, first: int) -> Generator[Question[Any], Any, str]:
        """Return the first draft; a bad answer gets one more chance."""
        reason = ""
        for attempt in (first, first + 1):
            try:
                return (yield from self._draft("summarizer", self._prompts.summarizer, attempt))
            except Refused:
                raise  # asking again would only cost again
            except Unusable as problem:
                reason = f"The model's answer is no description: {problem}."
            except BadAnswer as problem:
                reason = str(problem)
        raise BadAnswer(reason)

    def _evaluate(self, draft: str) -> Generator[Question[Any], Any, Round]:
        task = f"{draft_xml(draft)}\n\n{self._prompts.evaluator}"
        reply: VerdictReply = yield self._question("evaluator", task, VerdictReply)
        verdict = reply.answer
        suggestions = () if verdict.stop else short_lines(verdict.suggestions)
        return Round(
            draft=draft,
            score=verdict.score,
            justification=" ".join(short_lines([verdict.justification], 1, 600)),
            suggestions=suggestions,
            stop=verdict.stop or verdict.score >= 5 or not suggestions,
        )

    def _refine(self, verdict: Round, attempt: int = 0) -> Generator[Question[Any], Any, str]:
        numbered = "\n".join(
            f"{n}. {escape(suggestion)}" for n, suggestion in enumerate(verdict.suggestions, 1)
        )
        return (
            yield from self._draft(
                "refiner",
                f"{draft_xml(verdict.draft)}\n\n{self._prompts.refiner}\n\nSuggestions:\n{numbered}",
                attempt,
            )
        )

    def _draft(self, role: str, task: str, attempt: int = 0) -> Generator[Question[Any], Any, str]:
        reply: DraftReply = yield self._question(role, task, DraftReply, attempt)
        text = usable(reply.answer.description)
        if not in_same_script(text, self._language):
            raise Unusable("it is in another language's letters than the listing")
        return text

    def _question(self, role: str, task: str, form: type[Any], attempt: int = 0) -> Question[Any]:
        blocks: list[Any] = [*self._blocks, {"type": "text", "text": task}]
        return Question(role, self._prompts.system, blocks, form, attempt, asked_form=Reply)


def _ended(done: list[Round], draft: str, reason: str) -> list[Round]:
    """Return the trace of a loop that ended early: its last round has the draft and the reason."""
    note = f"The loop ended early: {reason}"
    if done and done[-1].draft == draft:
        last = done[-1]
        return [*done[:-1], replace(last, justification=f"{last.justification} {note}".strip())]
    return [*done, Round(draft, justification=note)]
