"""Bars with intervals of two engines, in groups, for the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain import Score


@dataclass(frozen=True, slots=True)
class Bar:
    """One engine's mean and interval, in percent of the chart's width."""

    title: str
    text: str
    at: float
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Group:
    """The queries about one kind of photo, or of one kind."""

    name: str
    queries: int
    bars: tuple[Bar, ...]


def engine_bars(
    scores: Mapping[str, Score], engines: Sequence[str], digits: int = 3
) -> tuple[Bar, ...]:
    """Return the bars of CLIP and VL-CLIP.

    Args:
        scores: Mean and interval by name, from 0 to 1.
        engines: The names that stand for CLIP and for VL-CLIP.
        digits: Decimals of the figures.
    """
    return tuple(
        _bar(title, scores[engine], digits)
        for title, engine in zip(("CLIP", "VL-CLIP"), engines, strict=True)
    )


def _bar(title: str, score: Score, digits: int) -> Bar:
    low = score.value if score.low is None else score.low
    high = score.value if score.high is None else score.high
    text = f"{score.value:.{digits}f}"
    return Bar(title, text, 100 * score.value, 100 * low, 100 * (high - low))
