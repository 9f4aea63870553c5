"""Check that units split as planned; if they don't, say where it arises.

A wrong split means that something keeps units of one variant out of the log (a crash, a redirect, a
filter of robots), so any difference may come from that, and there is no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.experiments.experiment_result import SplitPlace
from core.experiments.unit_sums import DIMENSIONS, UnitSums

#: A split with a smaller p is wrong; the usual threshold, since every analysis makes this test.
WRONG = 0.001
#: The rest of the units splits as planned, where its p is higher.
RIGHT = 0.01
#: Values with fewer units are not looked at.
_FEWEST = 100
_MOST_PLACES = 5


def split_p(units: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """Return p of the planned split (χ² test; the exact one for two variants and few units)."""
    from scipy import stats  # slow to import

    total = sum(units.values())
    if not total:
        return 1.0
    observed = [units[name] for name in shares]
    if len(observed) == 2 and total < 1000:
        share = next(iter(shares.values()))
        return float(stats.binomtest(observed[0], total, share).pvalue)
    expected = [total * share for share in shares.values()]
    return float(stats.chisquare(observed, expected).pvalue)


def wrong_places(
    sums: UnitSums, units: Mapping[str, int], shares: Mapping[str, float]
) -> tuple[SplitPlace, ...]:
    """Return the values of a day, device … where the split is worst; empty where it is even.

    A wrong split that is the same everywhere has no place: then it arises in the assignment
    or in the logging as a whole.
    """
    places = []
    looked_at = 0
    for dimension in ("day", *DIMENSIONS):
        for value, counts in sums.counts_by(dimension).items():
            if sum(counts.values()) < _FEWEST:
                continue
            looked_at += 1
            rest = {name: max(0, units[name] - counts[name]) for name in units}
            place = SplitPlace(
                dimension, value, counts, split_p(counts, shares), split_p(rest, shares)
            )
            places.append(place)
    wrong = [place for place in places if place.p * looked_at < WRONG * 10]
    spread_out = {
        dimension
        for dimension in {place.dimension for place in wrong}
        if _is_everywhere(dimension, places, wrong)
    }
    local = [place for place in wrong if place.dimension not in spread_out]
    explain_all = [place for place in local if place.rest_p > RIGHT]
    local = explain_all or local
    return tuple(sorted(local, key=lambda place: (-place.rest_p, place.p))[:_MOST_PLACES])


def _is_everywhere(dimension: str, places: list[SplitPlace], wrong: list[SplitPlace]) -> bool:
    total = sum(place.dimension == dimension for place in places)
    bad = sum(place.dimension == dimension for place in wrong)
    return total > 1 and bad > total / 2
