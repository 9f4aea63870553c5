"""Grades from debiased clicks: how much an item attracts those who look at it.

α of a query and item is its clicks divided by its looks, each showing counting θ of its place (see
``position_bias``). Only pairs with enough looks get a grade.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.base.percentages import percent
from core.errors import ExperimentError
from core.experiments.position_bias import PositionBias
from core.experiments.shown_items import ShownItems

#: Chances of a click from which grades 1, 2 and 3 begin. They lie between those that the shipped
#: simulation takes for the four grades (0.02, 0.06, 0.16, 0.32); a shop's own scale is given.
CUTS = (0.04, 0.1, 0.23)
#: Fewest looks at an item for a grade.
FEWEST_LOOKS = 50.0


@dataclass(frozen=True, slots=True)
class ClickLabel:
    """A grade from clicks.

    Attributes:
        query: Words of the query.
        item_id: The item.
        grade: 0 to the number of cuts.
        attraction: α, the chance of a click if it is looked at.
        looks: Looks that tell it.
    """

    query: str
    item_id: str
    grade: int
    attraction: float
    looks: float

    @property
    def note(self) -> str:
        """How the grade came about, for people."""
        share = percent(self.attraction, 1)
        return f"clicked by {share} of those who looked ({self.looks:,.0f} looks)"


def click_labels(
    items: ShownItems,
    bias: PositionBias,
    cuts: Sequence[float] = CUTS,
    fewest_looks: float = FEWEST_LOOKS,
) -> tuple[ClickLabel, ...]:
    """Return the grades of all pairs with enough looks.

    Args:
        items: What the log showed.
        bias: How places are looked at.
        cuts: α from which each next grade begins, rising.
        fewest_looks: Fewest looks at an item.

    Raises:
        ExperimentError: The cuts don't rise, or no item has enough looks.
    """
    if not cuts or list(cuts) != sorted(set(cuts)) or not 0 < cuts[0] <= cuts[-1] < 1:
        raise ExperimentError(
            "The cuts between grades are rising chances of a click: 0.04,0.1,0.23."
        )
    labels = tuple(_labels(items, bias, cuts, fewest_looks))
    if not labels:
        raise ExperimentError(
            f"No item was looked at {fewest_looks:g} times for one query; collect more of the log, "
            "or say a smaller number of looks."
        )
    return labels


def _labels(
    items: ShownItems, bias: PositionBias, cuts: Sequence[float], fewest_looks: float
) -> Iterator[ClickLabel]:
    shown, clicks = items.tables()
    theta = bias.theta[: items.places]
    looks = shown[:, : len(theta)] @ theta
    clicked = clicks[:, : len(theta)].sum(axis=1)
    for pair in np.flatnonzero(looks >= fewest_looks).tolist():
        alpha = min(float(clicked[pair] / looks[pair]), 1.0)
        grade = int(np.searchsorted(cuts, alpha, side="right"))
        words = items.queries[items.query_of[pair]]
        yield ClickLabel(words, items.items[pair], grade, alpha, float(looks[pair]))
