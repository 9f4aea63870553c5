"""Tested differences with their intervals around zero, drawn on one scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.base.percentages import signed
from core.domain import PairedTest, Report, Score


@dataclass(frozen=True, slots=True)
class Measured:
    """Both engines' means over some queries, and the test between them.

    Attributes:
        name: What the queries have in common.
        queries: Their number.
        before: Mean of the first engine, from 0 to 1.
        after: Mean of the second one.
        test: The paired test; ``None`` if there was none.
    """

    name: str
    queries: int
    before: float
    after: float
    test: PairedTest | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of the chart: the second engine minus the first.

    Attributes:
        name: What the queries have in common.
        queries: Their number.
        text: Both means.
        gain: The difference in figures.
        tone: ``up`` or ``down`` where the difference is proven, else ``equal``.
        at: Where the difference lies, in per cent of the chart's width.
        left: Where its 95 % interval begins.
        width: Width of the interval.
    """

    name: str
    queries: int
    text: str
    gain: str
    tone: str
    at: float
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Differences:
    """The rows, and where "no difference" lies in per cent of the chart's width."""

    rows: tuple[Difference, ...]
    zero: float


def differences(measured: Iterable[Measured], digits: int = 2) -> Differences:
    """Return the chart of differences, all rows on one scale that includes zero.

    Args:
        measured: The rows.
        digits: Decimals of the figures.
    """
    parts = tuple(measured)
    gains = [
        part.test.difference if part.test else Score(part.after - part.before) for part in parts
    ]
    ends = [0.0, *(end for gain in gains for end in _ends(gain))]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return 100 * (value - low) / span

    return Differences(
        tuple(_row(part, gain, place, digits) for part, gain in zip(parts, gains, strict=True)),
        place(0.0),
    )


def baseline_gaps(report: Report) -> Differences:
    """Return the chart of the engines that were tested against the first, on the main measure."""
    first = report.engines[0].engine
    means = {entry.engine: entry.scores[report.main].value for entry in report.engines}
    titles = {entry.engine: entry.title for entry in report.engines}
    return differences(
        (
            Measured(
                f"{titles[test.second]} − {titles[first]}",
                report.queries, means[first], means[test.second], test,
            )
            for test in report.tests
            if (test.first, test.measure) == (first, report.main)
        ),
        digits=3,
    )  # fmt: skip


def _row(part: Measured, gain: Score, place: Callable[[float], float], digits: int) -> Difference:
    left, right = (place(end) for end in _ends(gain))
    sure = part.test is not None and part.test.significant
    tone = "equal" if not sure else "up" if gain.value > 0 else "down"
    return Difference(
        name=part.name,
        queries=part.queries,
        text=f"{part.before:.{digits}f} → {part.after:.{digits}f}",
        gain=signed(gain.value, digits),
        tone=tone,
        at=place(gain.value),
        left=left,
        width=right - left,
    )


def _ends(gain: Score) -> tuple[float, float]:
    """Return the ends of the interval; the value itself where it has none."""
    low = gain.value if gain.low is None else gain.low
    return low, gain.value if gain.high is None else gain.high
