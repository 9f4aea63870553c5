"""The figures of online experiments, on simulated visitors whose truth is known.

python -m benchmarks.experiments coverage        95 % intervals that hold the truth
python -m benchmarks.experiments sequential      false alarms of daily looks over 30 days
python -m benchmarks.experiments cuped           variance with the units' past, beside theory
python -m benchmarks.experiments interleaving    visitors that interleaving and A/B tests need
python -m benchmarks.experiments make FOLDER     a log of ten million events
python -m benchmarks.experiments analyze FOLDER  its analysis: seconds and peak memory
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.app.experimenting import ExperimentService
from core.experiments.aa_tests import moments_of
from core.experiments.behaviour_events import SCHEMA
from core.experiments.behaviour_metrics import metric_of
from core.experiments.experiment_result import Lift
from core.experiments.interleaving_verdict import (
    always_valid_interval,
    credits,
    preference,
    ratio_interval,
)
from core.experiments.lifts import lifts_of
from core.experiments.market import Market, MarketQuery
from core.experiments.model import Experiment, ExperimentKind, Variant
from core.experiments.planning import Pilot, ab_visitors, interleaving_visitors, means_of
from core.experiments.simulation import Visits, simulate

Floats = npt.NDArray[np.float64]
Chance = np.random.Generator
AB = Experiment("ab", "A/B", variants=(Variant("a", "plain"), Variant("b", "good")))
START = datetime(2026, 3, 1, tzinfo=UTC)
RUNS, LIFT = 2000, 0.05
_ORDINARY = 200


def lift(metric: str, names: list[str], base: Floats, other: Floats, **more: bool) -> Lift:
    """Return the lift of units' columns, ``[n, columns]`` each, as the analysis does."""
    moments = {"a": moments_of(base, names), "b": moments_of(other, names)}
    experiment = replace(AB, sequential=more.get("sequential", False))
    (made,) = lifts_of(experiment, metric_of(metric), moments, past=more.get("past", False))
    return made


def clicking(rng: Chance, visitors: int, rate: float) -> Floats:
    """Return clicks and shown items of visitors who differ in searches and in eagerness."""
    shown = 10.0 * (1 + rng.poisson(1.2, visitors))
    eager = rng.gamma(4, 0.25, visitors)
    return np.column_stack([rng.binomial(shown.astype(int), np.minimum(rate * eager, 1)), shown])


def buying(rng: Chance, visitors: int, factor: float) -> Floats:
    """Return the money of visitors: 6 % buy, amounts are lognormal with σ = 0.8."""
    return np.asarray(
        (rng.random((visitors, 1)) < 0.06) * rng.lognormal(3.5, 0.8, (visitors, 1)) * factor
    )


def choosing(rng: Chance, visitors: int, share: float) -> tuple[Floats, Floats]:
    """Return won less lost searches, and decided ones, of visitors with tastes of their own."""
    taste = rng.beta(4 * share, 4 * (1 - share), visitors)
    decided = 1 + rng.poisson(1.0, visitors)
    won_less_lost = 2.0 * rng.binomial(decided, taste) - decided
    return won_less_lost.astype(np.float64), decided.astype(np.float64)


def coverage() -> None:
    """Print how often intervals hold the truth, and A/A runs with p < 0.05."""
    rng = np.random.default_rng(7)

    def of_lift(metric: str, names: list[str], draw: Callable[[float], Floats]) -> list[bool]:
        holds = []
        for _ in range(RUNS):
            made = lift(metric, names, draw(1.0), draw(1 + LIFT))
            holds.append(made.lift_low <= LIFT <= made.lift_high)  # type: ignore[operator]
        return holds

    ctr = of_lift("ctr", ["clicks", "shown"], lambda f: clicking(rng, 1000, 0.06 * f))
    print(f"CTR, 1,000 visitors a variant: {np.mean(ctr):.4f}")
    money = of_lift("revenue_per_visitor", ["revenue"], lambda f: buying(rng, 5000, f))
    print(f"revenue per visitor, 5,000 visitors a variant: {np.mean(money):.4f}")
    for visitors in (100, 400):
        held = []
        for _ in range(RUNS):
            _, low, high, _ = ratio_interval(*choosing(rng, visitors, 0.55))
            held.append(low <= 0.1 <= high)
        print(f"interleaving, {visitors} visitors: {np.mean(held):.4f}")


def sequential(only: str | None = None) -> None:
    """Print how often equal variants are ever called different, with a look on each of 30 days."""
    for title, metric, names in (
        ("CTR, visitors come back", "ctr", ["clicks", "shown"]),
        ("revenue per visitor", "revenue_per_visitor", ["revenue"]),
        ("preference of interleaving", "preference", []),
    ):
        if only not in (None, metric):
            continue
        rng = np.random.default_rng(8)
        alarms = {True: [], False: []}  # type: dict[bool, list[bool]]
        for run in range(RUNS):
            days = _pairs(rng, metric)
            for always in (True, False) if run < _ORDINARY else (True,):
                ps = (_look(metric, names, day, always=always) for day in days)
                alarms[always].append(any(p is not None and p < 0.05 for p in ps))
        shares = {always: np.mean(values) for always, values in alarms.items()}
        print(
            f"{title}: always-valid {shares[True]:.4f} of {RUNS} runs, ordinary p at each look "
            f"{shares[False]:.2f} of {_ORDINARY}", flush=True,
        )  # fmt: skip


def _pairs(rng: Chance, metric: str) -> list[tuple[Floats, Floats]]:
    """Return the two variants' units at the end of each day, or interleaving's two columns."""
    if metric != "preference":
        return list(zip(_days(rng, metric), _days(rng, metric), strict=True))
    sums, counts = choosing(rng, 1200, 0.5)
    return [(sums[:most], counts[:most]) for most in range(40, 1201, 40)]


def _look(
    metric: str, names: list[str], day: tuple[Floats, Floats], *, always: bool
) -> float | None:
    """Return p at one look."""
    if metric == "preference":
        return (always_valid_interval if always else ratio_interval)(*day)[3]
    return lift(metric, names, *day, sequential=always).p


def _days(rng: Chance, metric: str, daily: int = 60, days: int = 30) -> list[Floats]:
    """Return the units so far at the end of each day; visitors of the CTR come back."""
    if metric != "ctr":
        units = buying(rng, daily * days, 1.0)
        return [units[: daily * day] for day in range(1, days + 1)]
    entered = np.repeat(np.arange(days), daily)
    searches = rng.poisson(0.08, (len(entered), days)) * (np.arange(days) > entered[:, None])
    searches[np.arange(len(entered)), entered] += 1 + rng.poisson(0.8, len(entered))
    eager = np.minimum(0.06 * rng.gamma(4, 0.25, len(entered)), 1)
    clicks = rng.binomial(10 * searches, eager[:, None]).cumsum(axis=1)
    shown = 10 * searches.cumsum(axis=1)
    here = [entered <= day for day in range(days)]
    return [
        np.column_stack([clicks[rows, day], shown[rows, day]]).astype(float)
        for day, rows in enumerate(here)
    ]


def cuped() -> None:
    """Print the variance of lifts with the past ÷ without it, beside 1 − ρ² in theory."""
    rng = np.random.default_rng(9)
    names = ["past_revenue", "revenue"]
    for spread in (0.5, 1.5):
        before, now = 3.0, 1.5  # mean orders of the past and of the experiment
        rho = (before * now * spread) ** 2
        rho /= (before + before**2 * spread) * (now + now**2 * spread)
        pairs, narrower, holds = [], [], []
        for _ in range(RUNS):
            arms = []
            for _ in range(2):
                taste = rng.gamma(1 / spread, spread, 1000)
                arms.append(
                    np.column_stack([rng.poisson(before * taste), rng.poisson(now * taste)]).astype(
                        np.float64
                    )
                )
            plain = lift("revenue_per_visitor", names, *arms)
            made = lift("revenue_per_visitor", names, *arms, past=True)
            pairs.append((np.log1p(plain.lift or 0), np.log1p(made.lift or 0)))
            narrower.append(made.narrower)
            holds.append((made.lift_low or 0) <= 0 <= (made.lift_high or 0))
        variance = np.var(np.array(pairs), axis=0)
        print(
            f"theory 1 − ρ² = {1 - rho:.3f}; measured {variance[1] / variance[0]:.3f}, as the "
            f"result says {1 - np.mean(narrower):.3f}; coverage {np.mean(holds):.4f}"
        )


def interleaving() -> None:
    """Print the visitors that each way needs for power 0.8, and the power that they really give."""
    rng = np.random.default_rng(10)
    visits = Visits(visitors=40_000)
    market = _market()
    alone = [_sums(_alone(name), market, visits) for name in ("plain", "good")]
    rates = [means_of(map(tuple, sums)) for sums in alone]
    seen = rates[1].value / rates[0].value - 1
    mixed = simulate(replace(AB, kind=ExperimentKind.INTERLEAVING), market, visits, 2)
    table = credits(mixed)
    verdict = preference(table, "b", "a")
    visitors = int(mixed["unit"].nunique())
    error = (verdict.high - verdict.low) / (2 * 1.96)
    pilot = Pilot(verdict.value, error**2 * visitors, seen)
    need = ab_visitors(rates[0], seen), interleaving_visitors(pilot, seen)
    print(f"lift of CTR {seen:+.2%}, preference {verdict.value:+.3f}")
    print(f"A/B {need[0]:,} visitors, interleaving {need[1]:,}: 1/{need[0] / need[1]:.1f}")
    power = []
    for _ in range(500):
        arms = [sums[rng.integers(0, len(sums), need[0] // 2)] for sums in alone]
        power.append((lift("ctr", ["clicks", "shown"], *arms).p or 1) < 0.05)
    outcome = np.sign(table["b"] - table["a"])
    by_unit = outcome.groupby(table["unit"]).agg(["sum", "count"]).to_numpy(float)
    everybody = np.zeros((visitors, 2))
    everybody[: len(by_unit)] = by_unit  # the others decided nothing
    mixed_power = []
    for _ in range(500):
        drawn = everybody[rng.integers(0, visitors, need[1])]
        drawn = drawn[drawn[:, 1] > 0]
        mixed_power.append(ratio_interval(drawn[:, 0], drawn[:, 1])[3] < 0.05)
    print(f"power of these, resampled: A/B {np.mean(power):.2f}, {np.mean(mixed_power):.2f}")


def _alone(engine: str) -> Experiment:
    return replace(AB, variants=tuple(replace(v, engine=engine) for v in AB.variants))


def _sums(experiment: Experiment, market: Market, visits: Visits) -> Floats:
    log = simulate(experiment, market, visits)
    counts = log.groupby(["unit", "kind"]).size().unstack(fill_value=0)
    return np.asarray(counts[["click", "exposure"]].to_numpy(np.float64))


def _market() -> Market:
    """Return 60 queries with 40 items; “good” orders them a little more by grade than “plain”."""
    rng = np.random.default_rng(11)
    queries = []
    for number in range(60):
        ids = [f"{number}-{place}" for place in range(40)]
        grades = rng.choice([0, 0, 1 / 3, 2 / 3, 1], 40)
        noise = rng.normal(size=40)
        rankings = {}
        for engine, share in (("plain", 0.5), ("good", 0.42)):
            order = np.argsort(-(grades + share * noise + 0.1 * rng.normal(size=40)))
            rankings[engine] = tuple(ids[place] for place in order[:20])
        queries.append(
            MarketQuery(f"query {number}", dict(zip(ids, grades, strict=True)), rankings)
        )
    return Market(tuple(queries))


def make(folder: Path, events: int = 10_000_000) -> None:
    """Write a log of so many events, that of an A/B test with a week before it, through the log."""
    service = ExperimentService(folder)
    service.store.add(replace(AB, id="shop", started=START))
    total, rng = 0, np.random.default_rng(12)
    for part, rows in enumerate(_parts(rng)):
        service.log.append_rows(rows)
        total += rows.num_rows
        print(f"part {part}: {total:,} events", flush=True)
        if total >= events:
            return


def _parts(rng: Chance, visitors: int = 15_000) -> Iterator[pa.Table]:
    """Yield the events of so many visitors at once: searches, ten shown items each, and so on."""
    part = 0
    while True:
        unit = np.repeat(np.arange(visitors), 1 + rng.poisson(2.0, visitors)) + part * visitors
        search = np.arange(len(unit))
        began = START.timestamp() + rng.uniform(-7, 14, len(unit)) * 86_400
        frames = [pd.DataFrame({"search": search, "kind": "search", "results": 10, "later": 0.0})]
        shown = pd.DataFrame(
            {"search": np.repeat(search, 10), "kind": "exposure", "later": 1.0}
        ).assign(position=np.tile(np.arange(1, 11), len(search)))
        shown["item"] = rng.integers(0, 20_000, len(shown))
        frames.append(shown)
        chance = 0.3 / shown["position"] * (1 + 0.1 * (unit[shown["search"]] % 2))
        clicked = shown[rng.random(len(shown)) < chance].assign(kind="click", later=20.0)
        frames.append(clicked)
        carted = clicked[rng.random(len(clicked)) < 0.15].assign(kind="cart", later=60.0)
        bought = carted[rng.random(len(carted)) < 0.3].assign(kind="purchase", later=300.0)
        frames += [carted, bought.assign(amount=rng.lognormal(3.5, 0.8, len(bought)))]
        events = pd.concat(frames, ignore_index=True)
        yield _rows(part, events, unit, began)
        part += 1


def _rows(part: int, events: pd.DataFrame, unit: npt.NDArray[np.int64], began: Floats) -> pa.Table:
    owner, at = unit[events["search"]], began[events["search"]]
    moment = ((at + events["later"]) * 1e6).astype("int64")
    texts = pd.Series(np.where(at < START.timestamp(), "", "shop"))
    columns = {
        "event_id": _named(f"e{part}-", np.arange(len(events))),
        "time": pa.array(moment, pa.timestamp("us", tz="UTC")),
        "kind": pa.array(events["kind"]),
        "unit": _named("visitor-", owner),
        "experiment": pa.array(texts),
        "variant": pa.array(np.where(texts == "", "", np.where(owner % 2, "b", "a"))),
        "session": _named(f"s{part}-", events["search"].to_numpy()),
        "query_id": _named(f"q{part}-", events["search"].to_numpy()),
        "query": _named("query ", events["search"].to_numpy() % 500),
        "item_id": _named("item-", events["item"].fillna(0).astype("int64").to_numpy()),
        "position": pa.array(events["position"].astype("Int32")),
        "amount": pa.array(events["amount"], from_pandas=True),
        "currency": pa.array(np.where(events["kind"] == "purchase", "EUR", "")),
        "device": pa.array(np.where(owner % 3, "mobile", "desktop")),
        "results": pa.array(events["results"].astype("Int32")),
    }
    size = len(events)
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns
        else pa.array([None] * size, field.type)
        if field.nullable
        else pa.repeat(pa.scalar(""), size)
        for field in SCHEMA
    ]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _named(stem: str, numbers: npt.NDArray[np.int64]) -> pa.Array:
    return pc.binary_join_element_wise(stem, pa.array(numbers).cast(pa.string()), "")


def analyze(folder: Path) -> None:
    """Print seconds and peak memory of the analysis of a log."""
    service, begin, used = ExperimentService(folder), time.perf_counter(), time.process_time()
    result = service.analyze("shop")
    seconds, spent = time.perf_counter() - begin, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    rows = service.log.count("shop") + service.log.count("")
    print(f"{rows:,} events, {sum(result.units.values()):,} units")
    print(f"{seconds:.1f} s ({spent:.1f} s of processor time), peak memory {peak:.2f} GB")
    for made in (entry for entry in result.metrics if entry.lift is not None):
        print(f"{made.metric}: {made.lift:+.2%} ({made.lift_low:+.2%} to {made.lift_high:+.2%})")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "figure", choices=("coverage", "sequential", "cuped", "interleaving", "make", "analyze")
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--metric", help="sequential: this one only")
    given = parser.parse_args()
    if given.figure in ("make", "analyze"):
        if given.folder is None:
            parser.error("Say the folder of the log.")
        (make if given.figure == "make" else analyze)(given.folder)
        return
    if given.figure == "sequential":
        sequential(given.metric)
        return
    {"coverage": coverage, "cuped": cuped, "interleaving": interleaving}[given.figure]()


if __name__ == "__main__":
    main()
