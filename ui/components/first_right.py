"""How often the right item comes first, of 100 searches: the one figure of Home's first screen."""

from __future__ import annotations

from dataclasses import dataclass

from core.app.demo_measures import BEFORE_AFTER
from core.base.percentages import number
from core.domain import PairedTest, Report, Score
from ui.components.proof import BOTH, NEITHER


@dataclass(frozen=True, slots=True)
class FirstRight:
    """How often each engine's first result is right.

    Attributes:
        before: Of 100 searches, with CLIP.
        after: The same with VL-CLIP.
        items: Number of items that were searched.
        queries: Number of searches.
        sure: Whether the difference is proven.
        tested: The difference with its interval and p, in words; empty if it was not tested.
    """

    before: int
    after: int
    items: int
    queries: int
    sure: bool
    tested: str


def with_own_texts(report: Report) -> FirstRight | None:
    """Return the figure of an ablation, where each engine looks for an item by its own text."""
    return _first_right(report, (NEITHER, BOTH), "hits@1")


def with_same_searches(report: Report) -> FirstRight | None:
    """Return the figure of a report on judgments, where both engines get the same searches."""
    return _first_right(report, BEFORE_AFTER, "p@1")


def same_searches_line(own: FirstRight, fair: FirstRight) -> str:
    """Return what the same searches for both bring, for the line below the figure."""
    brings = "it brings less" if fair.after - fair.before < own.after - own.before else "it helps"
    chance = "" if fair.sure else ", which may be chance"
    return (
        f"With exactly the same search for both engines {brings}: a right first result in "
        f"{fair.after} of 100 instead of {fair.before}{chance}."
    )


def _first_right(report: Report, engines: tuple[str, str], measure: str) -> FirstRight | None:
    scores = {entry.engine: entry.scores.get(measure) for entry in report.engines}
    before, after = (scores.get(engine) for engine in engines)
    if before is None or after is None:
        return None
    pair = (*engines, measure)
    tests = (t for t in report.tests if (t.first, t.second, t.measure) == pair)
    test = next(tests, None)
    return FirstRight(
        _of_100(before),
        _of_100(after),
        report.items,
        report.queries,
        test is not None and test.significant,
        _tested(test) if test else "",
    )


def _of_100(score: Score) -> int:
    return round(100 * score.value)


def _tested(test: PairedTest) -> str:
    """Return the difference, its interval and p: ``8.8 more of 100, 95 % interval 5.0 …``."""
    gain = test.difference
    more = "more" if gain.value >= 0 else "fewer"
    said = f"{abs(100 * gain.value):.1f} {more} of 100"
    if gain.low is not None and gain.high is not None:
        low, high = (number(100 * end, 1) for end in (gain.low, gain.high))
        said = f"{said}, 95 % interval {low} to {high}"
    p = "p < 0.001" if test.corrected < 0.001 else f"p = {test.corrected:.3f}"
    return f"{said}, {p}"
