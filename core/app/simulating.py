"""Simulated visitors for experiments, and plans made with them: ``studio.simulating``."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from core.app.experiment_results import MOST_QUERIES
from core.app.experimenting import ExperimentService
from core.app.markets import MarketService
from core.base.recent import Recent
from core.errors import ExperimentError
from core.experiments.experiment_result import Result
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus, Variant, id_from
from core.experiments.planning import Pilot, Plan, RatioOfSums, plan

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from core.experiments.interleaving_verdict import QueryPreference
    from core.experiments.market import Market
    from core.experiments.simulation import Visits

#: Visitors of the pilot of a plan, per way of comparing.
PILOT_VISITORS = 20_000
#: Metrics that a plan can be made for: kinds of events above and below the line, and a name.
PLANNED: Mapping[str, tuple[str, str, str]] = {
    "ctr": ("click", "exposure", "CTR"),
    "atc_rate": ("cart", "exposure", "add-to-cart rate"),
    "purchases": ("purchase", "", "purchases per visitor"),
}
#: Engines that the example compares: without and with the paper's method.
EXAMPLE = ("clip", "vl-clip")
#: Days of a simulation that nobody describes.
WEEK = 7


#: Examples and plans that are kept.
_KEPT = 16
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated experiment, its result, the number of its events, preferences by query."""

    experiment: Experiment
    result: Result
    events: int
    queries: tuple[QueryPreference, ...] = ()


class SimulationService:
    """Sends simulated visitors through experiments; needs a judgment set with queries in words.

    Simulations run one at a time, and examples and plans are kept by their content, so that
    looking at them again costs nothing.
    """

    def __init__(self, markets: MarketService, experiments: ExperimentService) -> None:
        self._markets, self._experiments = markets, experiments
        self._kept = Recent[object](_KEPT)
        self._turn = threading.Lock()

    def log(
        self, experiment: Experiment, visits: Visits, seed: int = 1, set_id: str = ""
    ) -> pa.Table:
        """Return the events of simulated visitors, as rows of the log of events.

        Raises:
            ExperimentError: Nothing is judged, or the experiment names no engines.
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
        """
        with self._turn:
            return self._log(experiment, visits, seed, set_id)

    def run(
        self, experiment_id: str, visits: Visits | None = None, seed: int = 1, set_id: str = ""
    ) -> int:
        """Send simulated visitors through an experiment of no events; return the events' number.

        Args:
            experiment_id: The experiment; it is marked as simulated and has ended then.
            visits: The visitors; ``None``: those of the last week.
            seed: Of the random numbers.
            set_id: Judgment set; empty takes the one with the most queries in words.

        Raises:
            ExperimentError: It runs or has events; nothing is judged; it names no engines.
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
            NotSaved: The events could not be written.
        """
        experiment = self._experiments.get(experiment_id)
        self._experiments.require_empty(experiment)
        rows = self.log(experiment, visits or last_week(), seed, set_id)
        if not rows.num_rows:
            raise ExperimentError("No simulated visitor took part: look at traffic and filters.")
        self._experiments.take_simulated(experiment.id, rows)
        return int(rows.num_rows)

    def example(self, kind: ExperimentKind, catalog: str, visits: Visits) -> Simulated:
        """Simulate and analyse an experiment of the demo's engines; nothing is stored."""
        with self._turn:
            experiment = replace(_experiment(kind, EXAMPLE, catalog), simulated=True)
            market = self._market(experiment, "")
            return self._once(
                ("example", kind, catalog, repr(visits), _content(market)),
                lambda: self._example(experiment, market, visits),
            )

    def _example(self, experiment: Experiment, market: Market, visits: Visits) -> Simulated:
        from core.experiments.analysis import analyze
        from core.experiments.interleaving_verdict import by_query, credits

        frame = self._frame(experiment, market, visits, seed=1)
        queries: tuple[QueryPreference, ...] = ()
        if experiment.kind is ExperimentKind.INTERLEAVING:
            baseline, variant = experiment.variant_names
            queries = by_query(credits(frame), variant, baseline, MOST_QUERIES)
        return Simulated(experiment, analyze(experiment, frame), len(frame), queries)

    def _once(self, key: object, make: Callable[[], _T]) -> _T:
        """Return what is kept for a key, or make and keep it."""
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept.put(key, make())
        return kept  # type: ignore[return-value]  # one type for one kind of key

    def plan(
        self,
        lift: float,
        visitors_per_day: float,
        *,
        metric: str = "ctr",
        engines: Sequence[str] = EXAMPLE,
        catalog: str = "",
        set_id: str = "",
        traffic: float = 1.0,
        model: str = "cascade",
        pilot_visitors: int = PILOT_VISITORS,
        seed: int = 1,
    ) -> Plan:
        """Plan an A/B test and interleaving of two engines, with simulated pilots of both.

        Raises:
            ExperimentError: A number is outside its range, or there is no such metric.
        """
        from core.experiments.simulation import Visits

        if metric not in PLANNED:
            raise ExperimentError(f"Plans are made for {', '.join(PLANNED)}.")
        if len(engines) < 2:
            raise ExperimentError("A plan compares two engines or more.")
        split = _experiment(ExperimentKind.AB, engines, catalog)
        visits = Visits(visitors=pilot_visitors, model=model)
        with self._turn:
            market = self._market(split, set_id)
            rate, pilot = self._once(
                ("plan", metric, tuple(engines), repr(visits), seed, _content(market)),
                lambda: self._pilots(split, market, visits, seed, metric),
            )
        return plan(
            PLANNED[metric][2], rate, lift, visitors_per_day, traffic=traffic,
            variants=len(engines), pilot=pilot,
        )  # fmt: skip

    def _pilots(
        self, split: Experiment, market: Market, visits: Visits, seed: int, metric: str
    ) -> tuple[RatioOfSums, Pilot | None]:
        """Return the baseline's metric, and what interleaving showed, with the same visitors."""
        top, bottom, _ = PLANNED[metric]
        # The same visitors meet each engine alone, so that chance hits both alike.
        rates = [
            _rate(self._frame(_alone(split, variant.engine), market, visits, seed), top, bottom)
            for variant in split.variants[:2]
        ]
        mixed = replace(split, kind=ExperimentKind.INTERLEAVING)
        return rates[0], _pilot(mixed, self._frame(mixed, market, visits, seed + 1), rates)

    def _log(self, experiment: Experiment, visits: Visits, seed: int, set_id: str) -> pa.Table:
        import pyarrow as pa

        from core.experiments.behaviour_events import SCHEMA

        frame = self._frame(experiment, self._market(experiment, set_id), visits, seed)
        return pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False)

    def _market(self, experiment: Experiment, set_id: str) -> Market:
        engines = [variant.engine for variant in experiment.variants]
        if not all(engines):
            raise ExperimentError(
                "Simulated visitors need an engine for each variant; this experiment names none, "
                "as those of a shop's own log."
            )
        return self._markets.of(engines, experiment.catalog or None, set_id)

    def _frame(
        self, experiment: Experiment, market: Market, visits: Visits, seed: int
    ) -> pd.DataFrame:
        from core.experiments.simulation import simulate

        return simulate(experiment, market, visits, seed)


def _experiment(kind: ExperimentKind, engines: Sequence[str], catalog: str) -> Experiment:
    name = f"{' against '.join(engines)}, simulated"
    variants = tuple(Variant(engine, engine) for engine in engines)
    ended = ExperimentStatus.STOPPED
    return Experiment(id_from(name), name, catalog, kind, variants, salt="example", status=ended)


def _alone(experiment: Experiment, engine: str) -> Experiment:
    """Return the experiment with the same engine for all."""
    same = tuple(replace(variant, engine=engine) for variant in experiment.variants)
    return replace(experiment, variants=same)


def _rate(log: pd.DataFrame, top: str, bottom: str) -> RatioOfSums:
    from core.experiments.planning import means_of

    counts = log.groupby(["unit", "kind"], observed=True).size().unstack(fill_value=0)
    above = counts.get(top, 0 * counts["search"])
    below = counts.get(bottom, 0 * counts["search"] + 1) if bottom else 0 * counts["search"] + 1
    return means_of(zip(above, below, strict=True))


def _pilot(experiment: Experiment, log: pd.DataFrame, rates: Sequence[RatioOfSums]) -> Pilot | None:
    """Return what the pilots showed; ``None`` where they can't tell the engines apart."""
    from core.experiments.interleaving_verdict import credits, preference

    baseline, variant = experiment.variant_names[:2]
    verdict = preference(credits(log), variant, baseline)
    lift = rates[1].value / rates[0].value - 1
    if verdict.low <= 0 <= verdict.high or lift * verdict.value <= 0:
        return None
    visitors = log["unit"].nunique()
    error = (verdict.high - verdict.low) / (2 * 1.96)
    return Pilot(abs(verdict.value), error**2 * visitors, abs(lift))


def last_week(visitors: int = 0) -> Visits:
    """Return visits of the last seven whole days; 0 visitors: the usual number."""
    from core.experiments.simulation import Visits

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    week = Visits(days=WEEK, start=today - timedelta(days=WEEK))
    return replace(week, visitors=visitors) if visitors else week


def _content(market: Market) -> str:
    """Return a key of everything that visitors meet."""
    return hashlib.sha256(repr(market).encode()).hexdigest()
