"""Analyse an interleaving experiment: preferences by clicks, carts, purchases and revenue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from core.base.counts import counted
from core.base.percentages import change, percent
from core.errors import ExperimentError
from core.experiments.cleaning_rules import (
    ABOUT_ROBOTS,
    CLICKS_A_MINUTE,
    MANY_CLICKS,
    NEARLY_ALL,
    SEARCHES_AN_HOUR,
    LeftOut,
)
from core.experiments.experiment_result import Lift, Result, Segment
from core.experiments.interleaving import NOBODY
from core.experiments.interleaving_verdict import (
    SMALLEST_PREFERENCE,
    Credit,
    Preference,
    credits,
    preference,
)
from core.experiments.model import Experiment
from core.experiments.sample_ratio import WRONG

METHOD = "interleaving"
#: Kinds of events that choose an item.
_CHOICES = ("click", "cart", "purchase")
_PREFIX = "preference_"
#: A corrected p below this proves a preference.
_PROVEN = 0.05
#: Values of a dimension that are analysed, and the fewest decided searches in them.
_MOST_VALUES, _FEWEST = 8, 100
_DIMENSIONS = ("device", "query_class")
_COLUMNS = [
    "event_id", "time", "kind", "unit", "experiment", "query_id", "query", "item_id", "team",
    "amount", "device", "query_class",
]  # fmt: skip


def title(metric: str) -> str:
    """Return the name of a preference for people; empty if the metric is none."""
    credit = metric.removeprefix(_PREFIX)
    return f"Preference by {credit}" if metric.startswith(_PREFIX) else ""


def analyze_interleaving(experiment: Experiment, frame: Any) -> Result:
    """Analyse the events of an interleaving experiment.

    A lift is a preference: the share of decided searches that the variant wins, less the share
    that it loses. ``srm_p`` is p that both sides of the mixed lists have equally many items.

    Args:
        experiment: The experiment.
        frame: Its events: a table, a reader of record batches or a data frame.

    Raises:
        ExperimentError: No event shows which variant contributed an item.
    """
    events, left_out = _clean(_own(experiment, frame))
    teams = events.loc[(events["kind"] == "exposure") & (events["team"] != NOBODY), "team"]
    strange = sorted(set(teams) - set(experiment.variant_names))
    if strange:
        raise ExperimentError(f"The log has items of “{strange[0][:60]}”, which is no variant.")
    if teams.empty:
        raise ExperimentError(
            f"No event of “{experiment.id}” says which variant contributed a shown item (team)."
        )
    balance = _balance_p(experiment, events)
    verdicts = list(_preferences(experiment, events))
    units = int(events["unit"].nunique())
    lifts = _lifts(verdicts)
    begin, end = events["time"].min(), events["time"].max()
    return Result(
        experiment.id,
        dict.fromkeys(experiment.variant_names, units),
        balance,
        lifts,
        decision=_decision(experiment, verdicts, lifts, balance),
        verdict=balance >= WRONG,
        segments=tuple(_segments(experiment, events)),
        left_out=left_out,
        notes=_notes(verdicts, experiment.sequential),
        begin=begin.isoformat(),
        end=end.isoformat(),
    )


def own_events(experiment: Experiment, frame: Any) -> pd.DataFrame:
    """Return an experiment's events without repeats and robots, as a data frame."""
    return _clean(_own(experiment, frame))[0]


def _own(experiment: Experiment, frame: Any) -> pd.DataFrame:
    """Return the experiment's events as a data frame, texts without gaps.

    Choices of its visitors that name no experiment count, too: a shop's cart may not know of it.
    """
    if isinstance(frame, pd.DataFrame):
        frame = pa.Table.from_pandas(frame, preserve_index=False)
    batches = frame.to_batches() if isinstance(frame, pa.Table) else frame
    parts = []
    for batch in batches:
        table = pa.Table.from_batches([batch])
        chosen = table.select([name for name in _COLUMNS if name in table.schema.names])
        part = chosen.to_pandas()
        free = part["experiment"].fillna("").eq("") & part["kind"].isin(_CHOICES)
        parts.append(part[(part["experiment"] == experiment.id) | free])
    events = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)
    events = events.reindex(columns=_COLUMNS)
    texts = [name for name in _COLUMNS if name not in ("time", "amount")]
    events[texts] = events[texts].fillna("")
    events["time"] = pd.to_datetime(events["time"], utc=True)
    own = events[events["experiment"] == experiment.id]
    begin, end = experiment.started or own["time"].min(), experiment.ended
    events = events[events["unit"].isin(set(own["unit"])) & (events["time"] >= begin)]
    return events[events["time"] <= end] if end else events


def _clean(events: pd.DataFrame) -> tuple[pd.DataFrame, tuple[LeftOut, ...]]:
    """Leave out repeated events and robots, by the rules of the A/B analysis."""
    left_out = []
    repeated = events["event_id"].ne("") & events.duplicated("event_id")
    if repeated.any():
        about = "An event that was sent twice has one id, and counts once."
        left_out.append(LeftOut("repeated event", int(repeated.sum()), False, about))
        events = events[~repeated]
    if robots := _robots(events):
        left_out.append(LeftOut("robot", len(robots), True, ABOUT_ROBOTS))
        events = events[~events["unit"].isin(robots)]
    return events, tuple(left_out)


def _robots(events: pd.DataFrame) -> set[str]:
    """Return the units that ``cleaning_rules.drop_robots`` leaves out, by the same rules."""
    busy = _busy(events, "click", "min", CLICKS_A_MINUTE)
    busy |= _busy(events, "search", "h", SEARCHES_AN_HOUR)
    clicks, shown = (
        events.loc[events["kind"] == kind, "unit"].value_counts() for kind in ("click", "exposure")
    )
    clicks = clicks[clicks >= MANY_CLICKS]
    seen = shown.reindex(clicks.index, fill_value=0)
    return busy | set(clicks.index[(seen > 0) & (clicks >= NEARLY_ALL * seen)])


def _busy(events: pd.DataFrame, kind: str, span: str, most: int) -> set[str]:
    part = events.loc[events["kind"] == kind, ["unit", "time"]]
    counts = part.groupby(["unit", part["time"].dt.floor(span)], observed=True).size()
    return set(counts.index[counts > most].get_level_values("unit"))


def _balance_p(experiment: Experiment, events: pd.DataFrame) -> float:
    """Return the smallest p, corrected, that a variant's items are as many as the baseline's."""
    from scipy import stats  # slow to import

    shown = events[(events["kind"] == "exposure") & (events["team"] != NOBODY)]
    counts = shown.groupby(["unit", "team"], observed=True).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(experiment.variant_names), fill_value=0)
    base = counts[experiment.baseline.name]
    ps = []
    for name in experiment.variant_names[1:]:
        gap = (counts[name] - base).to_numpy(np.float64)
        spread = gap.std(ddof=1) if len(gap) > 1 else 0.0
        if spread > 0:
            score = gap.mean() / (spread / np.sqrt(len(gap)))
            ps.append(float(2 * stats.t.sf(abs(score), len(gap) - 1)))
        else:  # all visitors alike
            ps.append(1.0 if not gap.any() or len(gap) < 2 else 0.0)
    return min(1.0, min(ps) * len(ps))


def _preferences(experiment: Experiment, events: pd.DataFrame) -> Iterable[Preference]:
    for credit in Credit:
        if not (events["kind"] == credit.event).any():
            continue
        table = credits(events, credit)
        for name in experiment.variant_names[1:]:
            yield preference(table, name, experiment.baseline.name, credit, experiment.sequential)


def _lifts(verdicts: Sequence[Preference]) -> tuple[Lift, ...]:
    """Return preferences as lifts; p corrected over all of them (Benjamini and Hochberg)."""
    from scipy import stats  # slow to import

    if not verdicts:
        return ()
    adjusted = stats.false_discovery_control([verdict.p for verdict in verdicts], method="bh")
    lifts = []
    for verdict, corrected in zip(verdicts, map(float, adjusted), strict=True):
        decided = max(verdict.decided, 1)
        enough = verdict.units > 1
        lifts.append(
            Lift(
                f"{_PREFIX}{verdict.credit}", verdict.variant, verdict.baseline,
                verdict.value if enough else None, verdict.low if enough else None,
                verdict.high if enough else None, verdict.p if enough else None,
                corrected if enough else None, verdict.wins / decided, verdict.losses / decided,
                METHOD,
            )
        )  # fmt: skip
    return tuple(lifts)


def _segments(experiment: Experiment, events: pd.DataFrame) -> Iterable[Segment]:
    names = experiment.variant_names
    for dimension in _DIMENSIONS:
        values = events.loc[events[dimension] != "", dimension].value_counts()
        for value in values.index[:_MOST_VALUES]:
            part = events[events[dimension] == value]
            table = credits(part)
            verdicts = [
                preference(table, name, names[0], sequential=experiment.sequential)
                for name in names[1:]
            ]
            if min(verdict.decided for verdict in verdicts) >= _FEWEST:
                units = dict.fromkeys(names, int(part["unit"].nunique()))
                yield Segment(dimension, str(value), units, _lifts(verdicts))


def _decision(
    experiment: Experiment, verdicts: Sequence[Preference], lifts: Sequence[Lift], balance: float
) -> str:
    if balance < WRONG:
        return (
            "There is no verdict: one variant has more items in the mixed lists than the other "
            f"(p = {balance:.1g}), so some lists were not mixed by the draft, or not all were "
            "logged."
        )
    first = [pair for pair in zip(verdicts, lifts, strict=True) if pair[0].credit is Credit.CLICKS]
    if not first:
        return "There is no verdict: nobody clicked yet."
    sentences = [_sentence(*pair) for pair in first]
    others = [pair for pair in zip(verdicts, lifts, strict=True) if pair not in first]
    proven = [pair for pair in others if (pair[1].p_corrected or 1.0) < _PROVEN]
    sentences += [_sentence(*pair) for pair in proven]
    if rest := [str(v.credit) for v, lift in others if (v, lift) not in proven]:
        sentences.append(f"Not proven: a preference by {', '.join(dict.fromkeys(rest))}.")
    return " ".join(sentences)


def _sentence(verdict: Preference, lift: Lift) -> str:
    span = (
        f"{verdict.wins:,} searches won, {verdict.losses:,} lost, {verdict.ties:,} tied; "
        f"preference {change(verdict.value)}, 95 % interval {change(verdict.low)} to "
        f"{change(verdict.high)}"
    )
    if (lift.p_corrected if lift.p_corrected is not None else 1.0) >= _PROVEN:
        return (
            f"By {verdict.credit}, no preference between “{verdict.variant}” and "
            f"“{verdict.baseline}” is proven ({span})."
        )
    pair = (verdict.variant, verdict.baseline)
    better, worse = pair if verdict.value > 0 else pair[::-1]
    return (
        f"By {verdict.credit}, visitors prefer “{better}” to “{worse}”, which is proven ({span})."
    )


def _notes(verdicts: Sequence[Preference], sequential: bool) -> tuple[str, ...]:
    decided = sum(v.decided for v in verdicts if v.credit is Credit.CLICKS)
    way = "Intervals are those of a ratio of sums over visitors (delta method), p by Student's t."
    if sequential:
        way = (
            "Intervals and p hold at any look (mixture sequential test, narrowest at a preference "
            f"of {percent(SMALLEST_PREFERENCE)}); the error is that of a ratio of sums over "
            "visitors."
        )
    return (
        "Lists were mixed by team draft; an item that all variants wanted next counts for nobody.",
        f"A search is decided if an item that counts was clicked: {counted(decided, 'search')}.",
        way,
    )
