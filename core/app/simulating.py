"""Simulated visitors for experiments, and plans made with them: ``studio.simulating``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.app.markets import MarketService
from core.errors import ExperimentError
from core.experiments.experiment_result import Result
from core.experiments.model import Experiment, ExperimentKind, ExperimentStatus, Variant, id_from
from core.experiments.planning import Pilot, Plan, RatioOfSums, plan

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

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


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated experiment, its result and the number of its events."""

    experiment: Experiment
    result: Result
    events: int


class SimulationService:
    """Sends simulated visitors through experiments; needs a judgment set with queries in words."""

    def __init__(self, markets: MarketService) -> None:
        self._markets = markets

    def log(
        self, experiment: Experiment, visits: Visits, seed: int = 1, set_id: str = ""
    ) -> pa.Table:
        """Return the events of simulated visitors, as rows of the log of events.

        Raises:
            ExperimentError: Nothing is judged, or the experiment names no engines.
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
        """
        import pyarrow as pa

        from core.experiments.behaviour_events import SCHEMA

        frame = self._frame(experiment, self._market(experiment, set_id), visits, seed)
        return pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False)

    def example(self, kind: ExperimentKind, catalog: str, visits: Visits) -> Simulated:
        """Simulate and analyse an experiment of the demo's engines; nothing is stored."""
        from core.experiments.analysis import analyze

        experiment = _experiment(kind, EXAMPLE, catalog)
        frame = self._frame(experiment, self._market(experiment, ""), visits, seed=1)
        return Simulated(experiment, analyze(experiment, frame), len(frame))

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
        top, bottom, title = PLANNED[metric]
        split = _experiment(ExperimentKind.AB, engines, catalog)
        market = self._market(split, set_id)
        visits = Visits(visitors=pilot_visitors, model=model)
        # The same visitors meet each engine alone, so that chance hits both alike.
        rates = [
            _rate(self._frame(_alone(split, engine), market, visits, seed), top, bottom)
            for engine in engines[:2]
        ]
        mixed = replace(split, kind=ExperimentKind.INTERLEAVING)
        pilot = _pilot(mixed, self._frame(mixed, market, visits, seed + 1), rates)
        return plan(
            title, rates[0], lift, visitors_per_day, traffic=traffic, variants=len(engines),
            pilot=pilot,
        )  # fmt: skip

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
