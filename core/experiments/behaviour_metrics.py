"""The metrics of an online experiment: each a mean, or a ratio of two sums, over units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import ExperimentError, no_such


@dataclass(frozen=True, slots=True)
class BehaviourMetric:
    """One metric; units are the rows, so a visitor with many searches counts as one draw.

    Attributes:
        name: Its name in files.
        title: Its name for people.
        about: What it is, for people.
        top: Column of the units' sums above the line.
        bottom: Column below it; empty: the number of units.
        higher_is_better: Whether a rise is an improvement.
        needs: Kinds of events without which it can't be measured.
        total: Whether people read the sum of a variant instead of the mean.
    """

    name: str
    title: str
    about: str
    top: str
    bottom: str = ""
    higher_is_better: bool = True
    needs: tuple[str, ...] = ()
    total: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that it is made of."""
        return (self.top, self.bottom) if self.bottom else (self.top,)


#: ``shown`` is the number of shown items; where a log has no exposures, of searches.
METRICS = (
    BehaviourMetric(
        "ctr", "Click-through rate", "clicks per shown item", "clicks", "shown", needs=("click",)
    ),
    BehaviourMetric(
        "atc_rate", "Add-to-cart rate", "items put into a cart per shown item", "carts", "shown",
        needs=("cart",),
    ),
    BehaviourMetric(
        "conversion", "Conversion", "share of visitors who buy", "converted", needs=("purchase",)
    ),
    BehaviourMetric(
        "revenue_per_visitor", "Revenue per visitor", "money of purchases, less refunds, per "
        "visitor", "revenue", needs=("purchase", "amount"),
    ),
    BehaviourMetric(
        "revenue_per_session", "Revenue per visit", "money of purchases, less refunds, per visit",
        "revenue", "sessions", needs=("purchase", "amount"),
    ),
    BehaviourMetric(
        "gmv", "Gross merchandise value", "money of all purchases before refunds; its lift is "
        "that per visitor", "gmv", needs=("purchase", "amount"), total=True,
    ),
    BehaviourMetric(
        "average_order_value", "Average order value", "money per order", "revenue", "orders",
        needs=("purchase", "amount"),
    ),
    BehaviourMetric(
        "zero_result_rate", "Searches without results", "share of searches that find nothing",
        "zero", "searches", higher_is_better=False, needs=("results",),
    ),
    BehaviourMetric(
        "abandonment", "Abandonment", "share of searches with results after which nothing is "
        "clicked", "abandoned", "listed", higher_is_better=False, needs=("click", "query_id"),
    ),
)  # fmt: skip
_BY_NAME = {metric.name: metric for metric in METRICS}


def metric_of(name: str) -> BehaviourMetric:
    """Return the metric of a name.

    Raises:
        ExperimentError: There is none.
    """
    if name not in _BY_NAME:
        raise no_such(ExperimentError, "metric", name, _BY_NAME)
    return _BY_NAME[name]


def metrics_of(names: Iterable[str]) -> tuple[BehaviourMetric, ...]:
    """Return metrics by name, each once, or all where no names are given."""
    chosen = tuple(metric_of(name) for name in dict.fromkeys(names))
    return chosen or METRICS
