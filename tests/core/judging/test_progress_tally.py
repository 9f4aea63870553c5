"""Counting on gives what counting anew gives, in a time that does not grow with the set."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from core.domain import EventKind, JudgmentEvent, Rules
from core.judging import progress_tally
from core.judging.progress_tally import Tally, progress
from core.judging.state import SetState
from tests.core.judging.desks import event, small_set

KINDS = (EventKind.GRADE, EventKind.GRADE, EventKind.GRADE, EventKind.SKIP, EventKind.UNSURE)


def acts(draw: Random, number: int, made: list[JudgmentEvent]) -> JudgmentEvent:
    """Return a label, a repeat, or an undo of the own last event, of somebody."""
    who, item = draw.choice(["ada", "bob", "cyd"]), draw.choice("abcdefgh")
    own = [each for each in made if each.annotator == who and each.kind is not EventKind.UNDO]
    if own and draw.random() < 0.2:
        return replace(own[-1], event_id=str(number), kind=EventKind.UNDO, note=own[-1].event_id)
    kind = draw.choice(KINDS)
    grade = 1 if kind is EventKind.GRADE else None
    return event(number, who, item, grade, kind=kind, round=int(draw.random() < 0.2))


@pytest.mark.parametrize("seed", range(12))
def test_counts_that_go_on_equal_fresh_ones(seed: int) -> None:
    draw = Random(seed)
    rules = Rules(overlap=seed % 3, repeats=0.6, calibration=frozenset({("q", "b")}))
    state, made, tally = SetState(), [], Tally("ada", b"secret")
    for number in range(60):
        made.append(acts(draw, number, made))
        state.add(made[-1])
        if number == 40:
            rules = replace(rules, overlap=2)
        judged = small_set("abcdef" if number < 20 else "abcdefgh", rules)
        kept = progress(judged, state, "ada", b"secret", tally)
        assert kept == progress(judged, SetState(made), "ada", b"secret")


def test_only_pairs_with_news_are_counted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Any] = []
    count = progress_tally.Tally._counts

    def noted(self: Tally, key: Any, *more: Any) -> Any:
        counted.append(key)
        return count(self, key, *more)

    monkeypatch.setattr(Tally, "_counts", noted)
    items = [f"i{number}" for number in range(500)]
    state, tally = SetState([event(0, "ada", "i0")]), Tally("ada")
    progress(small_set(items), state, "ada", tally=tally)
    assert len(counted) == 500
    state.add(event(1, "ada", "i7"))
    progress(small_set([*items, "new"]), state, "ada", tally=tally)
    assert counted[500:] == [("q", "i7"), ("q", "new")]


@pytest.mark.parametrize("kind", [EventKind.UNSURE, EventKind.FLAG, EventKind.SKIP])
def test_no_count_tells_which_pairs_come_again(kind: EventKind) -> None:
    """One could say of a pair that one can't tell, read the total, and take it back."""
    judged = small_set("abcdefgh", Rules(repeats=0.5))
    counts = [
        progress(judged, SetState([event(0, "ada", item, None, kind=kind)]), "ada")
        for item in "abcdefgh"
    ]
    assert len(set(counts)) == 1
    ended = SetState(
        event(number, "ada", item, None, kind=EventKind.UNSURE)
        for number, item in enumerate("abcdefgh")
    )
    end = progress(judged, ended, "ada")
    assert (end.done, end.total) == (8, 8)
