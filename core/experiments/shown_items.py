"""Count what a log showed: how often each item of each query stood at each place, and its clicks.

Counts are kept by group of visitors, so that an estimate can be repeated without each group in turn
(``jackknife``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import ExperimentError
from core.experiments.cleaning_rules import LeftOut
from core.experiments.event_table import CLICK, EXPOSURE
from core.experiments.model import Experiment, ExperimentKind
from core.experiments.prepared_events import Prepared, prepared

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
#: Groups of visitors, and the last place that is looked at.
GROUPS, MOST_PLACES = 20, 50
_FURTHER = {"words": "query", "name": "item_id", "place": "position"}


@dataclass(frozen=True, slots=True)
class ShownItems:
    """Counts of a log; a *pair* is a query (its words) with an item.

    Attributes:
        queries: Words of the queries.
        items: Item id of each pair.
        query_of: Number of the query of each pair, ``[pairs]``.
        group: Group of visitors of each cell, ``[cells]``.
        pair: Number of the pair of each cell.
        place: Place of each cell, from 0.
        shown: How often the pair was shown there to this group.
        clicks: In how many of these it was clicked.
        searches: Searches by group and query, ``[GROUPS, queries]``.
        left_out: What rules left out.
    """

    queries: tuple[str, ...]
    items: tuple[str, ...]
    query_of: Whole
    group: Whole
    pair: Whole
    place: Whole
    shown: Floats
    clicks: Floats
    searches: Floats
    left_out: tuple[LeftOut, ...] = ()

    @property
    def places(self) -> int:
        """Number of places."""
        return int(self.place.max()) + 1

    def tables(self, without: int | None = None) -> tuple[Floats, Floats]:
        """Return how often pairs were shown and clicked by place, ``[pairs, places]`` each.

        Args:
            without: Group of visitors that does not count.
        """
        kept = self.group != (-1 if without is None else without)
        cell = self.pair[kept] * self.places + self.place[kept]
        size, shape = len(self.items) * self.places, (len(self.items), self.places)
        shown, clicks = (
            np.bincount(cell, counts[kept], size).astype(np.float64, copy=False).reshape(shape)
            for counts in (self.shown, self.clicks)
        )
        return shown, clicks

    def searches_of(self, without: int | None = None) -> Floats:
        """Return the searches by query, ``[queries]``."""
        total = self.searches.sum(axis=0)
        return np.asarray(total if without is None else total - self.searches[without])


def read_shown_items(experiment: Experiment, frame: Any, variant: str = "") -> ShownItems:
    """Read a log's shown items and clicks, cleaned as for the analysis.

    Args:
        experiment: The experiment.
        frame: Its events, as for the analysis.
        variant: Only what this variant's visitors were shown; empty: all.

    Raises:
        ExperimentError: The log has no shown items with query and place, or no such variant, or
            its lists mix the variants.
    """
    with _lists(experiment, frame, variant) as events:
        cells = events.database.execute(
            f"""SELECT any_value(words) AS words, any_value(name) AS name, pair, place,
                unit % {GROUPS} AS part, count(*) AS shown, count_if(clicked) AS clicks
                FROM shown GROUP BY pair, place, part"""  # noqa: S608 (a number of this module)
        ).fetchnumpy()
        searches = events.database.execute(
            f"""SELECT words, unit % {GROUPS} AS part, count(DISTINCT (unit, query)) AS searches
                FROM shown GROUP BY words, part"""  # noqa: S608
        ).fetchnumpy()
        left_out = events.left_out
    if not len(cells["pair"]):
        raise ExperimentError(
            "The log has no shown items with their place and the words of their query, so nothing "
            "can be said about places. Exposures need “position”, “query_id” and “query”."
        )
    _, first, pair = np.unique(cells["pair"], return_index=True, return_inverse=True)
    # Texts stay Python's: in NumPy's own, the longest query is the width of all.
    words, items = cells["words"][first], cells["name"][first]
    queries, query_of = np.unique(words, return_inverse=True)
    counts = np.zeros((GROUPS, len(queries)))
    asked = np.searchsorted(queries, searches["words"])
    np.add.at(counts, (searches["part"].astype(np.int64), asked), searches["searches"])
    return ShownItems(
        tuple(map(str, queries)),
        tuple(map(str, items)),
        query_of.astype(np.int64),
        cells["part"].astype(np.int64),
        pair.astype(np.int64),
        cells["place"].astype(np.int64),
        cells["shown"].astype(np.float64),
        cells["clicks"].astype(np.float64),
        counts,
        left_out,
    )


def variant_lists(experiment: Experiment, frame: Any, variant: str) -> Mapping[str, list[str]]:
    """Return the list that a variant showed most often for each query: words → item ids.

    Raises:
        ExperimentError: As ``read_shown_items``.
    """
    with _lists(experiment, frame, variant) as events:
        rows = events.database.execute(
            "SELECT words, place, mode(name) FROM shown GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
    lists: dict[str, list[str]] = {}
    for words, _, name in rows:
        if name not in lists.setdefault(words, []):
            lists[words].append(name)
    return lists


def same_words(query: str) -> str:
    """Return a query as it is counted: small letters, single spaces."""
    return " ".join(query.lower().split())


def _lists(experiment: Experiment, frame: Any, variant: str) -> _Shown:
    if variant and variant not in experiment.variant_names:
        names = ", ".join(experiment.variant_names)
        raise ExperimentError(f"The experiment has no variant “{variant[:60]}”; it has {names}.")
    if variant and experiment.kind is ExperimentKind.INTERLEAVING:
        raise ExperimentError(
            f"The lists of “{experiment.id}” mix its variants, so none shows what one variant "
            "would show. Name an engine, or a file of lists."
        )
    return _Shown(experiment, frame, variant)


class _Shown:
    """Events with the table ``shown``: one row per search and shown item."""

    def __init__(self, experiment: Experiment, frame: Any, variant: str) -> None:
        interleaved = experiment.kind is ExperimentKind.INTERLEAVING
        self._context = prepared(experiment, frame, everybody=interleaved, further=_FURTHER)
        names = experiment.variant_names
        self._filter = f"AND variant = {names.index(variant)} AND NOT past" if variant else ""

    def __enter__(self) -> Prepared:
        events = self._context.__enter__()
        events.database.execute(
            f"""CREATE TABLE shown AS
            WITH asked AS (
                SELECT unit, query,
                    lower(regexp_replace(trim(any_value(words)), '\\s+', ' ', 'g')) AS words
                FROM e WHERE query IS NOT NULL AND words IS NOT NULL GROUP BY unit, query),
            chosen AS (
                SELECT DISTINCT unit, query, item, TRUE AS clicked FROM e
                WHERE kind = {CLICK} AND item IS NOT NULL),
            seen AS (
                SELECT unit, query, item, min(try_cast(place AS INTEGER)) - 1 AS place,
                    any_value(name) AS name
                FROM e WHERE kind = {EXPOSURE} AND item IS NOT NULL {self._filter}
                GROUP BY unit, query, item)
            SELECT seen.*, words, hash(words, seen.item) AS pair,
                coalesce(clicked, FALSE) AS clicked
            FROM seen JOIN asked USING (unit, query)
                LEFT JOIN chosen USING (unit, query, item)
            WHERE place BETWEEN 0 AND {MOST_PLACES - 1}"""  # noqa: S608 (numbers of this module)
        )
        return events

    def __exit__(self, *problem: Any) -> None:
        self._context.__exit__(*problem)
