"""What simulated visitors meet, from a catalogue: its judged queries and its engines' lists."""

from __future__ import annotations

from collections.abc import Sequence

from core.app.labels import LabelService
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.catalog.prices import prices_of
from core.domain import Item, JudgmentQuery, JudgmentSet, Query
from core.errors import ExperimentError
from core.experiments.market import Market, MarketItem, MarketQuery
from core.judging.sets import CLICK_SETS

#: Items of each engine's list, so that a mixed list of ten has enough to draw from.
DEPTH = 20


class MarketService:
    """Makes markets of judgment sets: ``studio.markets``."""

    def __init__(self, library: Library, models: ModelPool, labels: LabelService) -> None:
        self._library, self._models, self._labels = library, models, labels

    def of(self, engines: Sequence[str], catalog: str | None = None, set_id: str = "") -> Market:
        """Return the market of a judgment set's graded queries in words.

        Args:
            engines: Engines that visitors may meet.
            catalog: Which; ``None`` is the default one.
            set_id: The set; empty takes the one with the most queries in words.

        Raises:
            ExperimentError: The catalogue has no set with graded queries in words.
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
        """
        opened_catalog = self._library.get(catalog)
        models = [self._models.engine(name) for name in dict.fromkeys(engines)]
        chosen = _chosen(opened_catalog, set_id)
        grades: dict[str, dict[str, float]] = {}
        for (query_id, item_id), label in self._labels.labels(
            chosen.set_id, catalog=opened_catalog.name
        ).items():
            grades.setdefault(query_id, {})[item_id] = label.grade / chosen.highest
        queries, items = [], dict[str, Item]()
        for query in _in_words(chosen):
            if not any(grades.get(query.query_id, {}).values()):
                continue
            ask = Query(text=query.text, k=DEPTH, cutoff=False, fold_duplicates=False)
            results = [opened_catalog.searcher.search(ask, model) for model in models]
            items |= {hit.item.item_id: hit.item for result in results for hit in result.hits}
            rankings = {r.engine: tuple(hit.item.item_id for hit in r.hits) for r in results}
            queries.append(MarketQuery(query.text, grades[query.query_id], rankings))
        if not queries:
            raise _nothing_judged(opened_catalog.name)
        return Market(tuple(queries), {name: _sold(item) for name, item in items.items()})


def _chosen(catalog: Catalog, set_id: str) -> JudgmentSet:
    sets = catalog.judgment_queue.sets
    if set_id:
        return sets.get(set_id)
    stored = [made for made in sets.all() if not made.set_id.startswith(CLICK_SETS)]
    if not stored:
        raise _nothing_judged(catalog.name)
    return max(stored, key=lambda judgment_set: len(_in_words(judgment_set)))


def _in_words(judgment_set: JudgmentSet) -> list[JudgmentQuery]:
    return [q for q in judgment_set.queries if q.text and not q.item_id and not q.picture]


def _sold(item: Item) -> MarketItem:
    prices = prices_of(item.price, item.variants)
    return MarketItem(prices[0] if prices else None, item.product_type)


def _nothing_judged(catalog: str) -> ExperimentError:
    return ExperimentError(
        f"The catalogue “{catalog}” has no graded queries in words to simulate visitors with. "
        "Judge some on Annotate, or take the demo."
    )
