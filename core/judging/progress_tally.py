"""How far an annotator and a set are, counted on from the last time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from core.domain import EventKind, JudgingProgress, JudgmentSet, Pair, Rules
from core.judging.final_labels import is_final
from core.judging.queue import REPEAT_AFTER_AT_END, is_repeat, is_to_judge
from core.judging.state import PairKey, SetState

#: Number of latest events that the pace is computed from.
_PACE_EVENTS = 30
#: Pauses longer than this are breaks and not part of the pace, seconds.
_BREAK = 120.0


@dataclass(frozen=True, slots=True)
class _Counts:
    """What one pair adds to the counts.

    ``pending`` is a repeat that is due or put off, ``spared`` one that will not come, since nobody
    could tell: it counts until no pair is open, or the total would tell which pairs are repeats.
    """

    done: int = 0
    open: int = 0
    skipped: int = 0
    ahead: int = 0
    set_done: int = 0
    set_total: int = 0
    pending: bool = False
    spared: int = 0


class Tally:
    """The counts of one annotator in one state of a set.

    Only pairs that are new, or had an event since the last time, are counted again, so asking costs
    as much in a large set as in a small one.
    """

    def __init__(self, annotator: str, seed: bytes = b"", graded: bool = False) -> None:
        self._annotator, self._seed, self._graded = annotator, seed, graded
        self._pairs: tuple[Pair, ...] = ()
        self._basis: tuple[Rules, int, datetime | None] | None = None
        self._changes = 0
        self._of: dict[PairKey, _Counts] = {}
        self._clear()

    def _clear(self) -> None:
        self._of.clear()
        self.done = self.open = self.skipped = self.ahead = self.set_done = self.set_total = 0
        self.spared = 0
        self.pending: dict[PairKey, None] = {}

    def count(self, judgment_set: JudgmentSet, state: SetState) -> None:
        """Bring the counts up to date with a set and its events."""
        shown = state.shown_at(self._annotator)
        basis = judgment_set.rules, len(state.annotators()), shown
        before, pairs = len(self._pairs), judgment_set.pairs
        if basis != self._basis or pairs[:before] != self._pairs:
            self._clear()
            before = 0
        self._basis, self._pairs = basis, pairs
        again = [key for key in dict.fromkeys(state.changed[self._changes :]) if key in self._of]
        self._changes = len(state.changed)
        self._count_again((*again, *(pair.key for pair in pairs[before:])), judgment_set, state)

    def _count_again(
        self, keys: Iterable[PairKey], judgment_set: JudgmentSet, state: SetState
    ) -> None:
        for key in keys:
            if key in self._of:
                self._add(key, self._of[key], -1)
            self._of[key] = self._counts(key, judgment_set, state)
            self._add(key, self._of[key], 1)

    def _add(self, key: PairKey, counts: _Counts, sign: int) -> None:
        self.done += sign * counts.done
        self.open += sign * counts.open
        self.skipped += sign * counts.skipped
        self.ahead += sign * counts.ahead
        self.spared += sign * counts.spared
        self.set_done += sign * counts.set_done
        self.set_total += sign * counts.set_total
        if sign > 0 and counts.pending:
            self.pending[key] = None
        else:
            self.pending.pop(key, None)

    def _counts(self, key: PairKey, judgment_set: JudgmentSet, state: SetState) -> _Counts:
        rules, people = judgment_set.rules, self._basis[1] if self._basis else 0
        everybody = not rules.overlap or key in rules.calibration
        wanted = max(people, rules.overlap, 1) if everybody else rules.overlap
        graded = len(state.graders(key))
        set_done, again = min(graded, wanted), state.repeated(self._annotator)
        label = state.current(self._annotator).get(key)
        drawn = bool(rules.repeats) and is_repeat(rules, self._annotator, key, self._seed)
        final = is_final(rules, state, self._annotator, key, self._graded)
        if label is None or label.kind is EventKind.SKIP:
            if final or (not everybody and graded >= rules.overlap):
                return _Counts(set_done=set_done, set_total=wanted)
            return _Counts(0, 1, int(label is not None), int(drawn), set_done, wanted)
        final = final or state.is_decided(key)
        due = label.kind is EventKind.GRADE and not final and is_to_judge(again.get(key))
        pending = drawn and due
        spared = int(drawn and label.kind is not EventKind.GRADE)
        return _Counts(1, 0, int(pending and key in again), 0, set_done, wanted, pending, spared)


def progress(
    judgment_set: JudgmentSet, state: SetState, annotator: str, seed: bytes = b"",
    tally: Tally | None = None,
) -> JudgingProgress:  # fmt: skip
    """Return the progress and pace (without breaks) of this annotator, and the set's progress.

    This annotator's repeats count in the set's progress, too: else a label that does not count
    there would be known as a repeat.

    Args:
        judgment_set: The set.
        state: Its events.
        annotator: Name of the annotator.
        seed: What the set's hidden repeats are drawn with.
        tally: The annotator's counts in this state from the last time, if there are any.
    """
    tally = tally or Tally(annotator, seed)
    tally.count(judgment_set, state)
    pending = len(tally.pending)
    if not tally.open:  # repeats that would come too soon are dropped
        pending = sum(
            state.turns_since(annotator, key) >= REPEAT_AFTER_AT_END for key in tally.pending
        )
    again = state.repeated(annotator).values()
    twice = [event for event in again if event.kind is not EventKind.SKIP]
    done = tally.done + len(twice)
    ahead = tally.ahead + pending + (tally.spared if tally.open else 0)
    return JudgingProgress(
        done,
        done
        + tally.open
        + ahead,  # from the start; it grows where a “can't tell” is corrected at the end
        tally.skipped,
        pace(state, annotator),
        tally.set_done + sum(event.kind is EventKind.GRADE for event in twice),
        tally.set_total + len(twice) + ahead,
        len(state.annotators()),
    )


def pace(state: SetState, annotator: str) -> float:
    """Return pairs per minute since the last break; 0 if there are too few events."""
    recent = sorted(e.at.timestamp() for e in state.recent(annotator, _PACE_EVENTS))
    working = [gap for gap in (b - a for a, b in pairwise(recent)) if gap <= _BREAK]
    return round(60 * len(working) / sum(working), 1) if sum(working) > 0 else 0.0
