"""What simulated visitors meet, from a catalogue: its judged queries and its engines' lists."""

from __future__ import annotations

from collections.abc import Sequence

from core.app.labels import LabelService
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.base.recent import Recent
from core.catalog.prices import prices_of
from core.domain import Item, JudgmentQuery, JudgmentSet, Query
from core.errors import ExperimentError
from core.experiments.market import Market, MarketItem, MarketQuery
from core.judging.sets import CLICK_SETS
from core.ports.engines import EngineModel
from core.store.database import version_of

#: Items of each engine's list, so that a mixed list of ten has enough to draw from.
DEPTH = 20
#: Lists that are kept, each of one engine for one query.
_KEPT = 2_000

#: An engine's list for a query: item ids, best first, and what is known of them.
_Answer = tuple[tuple[str, ...], dict[str, MarketItem]]


class MarketService:
    """Makes markets of judgment sets: ``studio.markets``."""

    def __init__(self, library: Library, models: ModelPool, labels: LabelService) -> None:
        self._library, self._models, self._labels = library, models, labels
        self._answers = Recent[_Answer](_KEPT)

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
        queries, items = [], dict[str, MarketItem]()
        for query in _in_words(chosen):
            if not any(grades.get(query.query_id, {}).values()):
                continue
            answers = {model.name: self._answer(opened_catalog, model, query) for model in models}
            for _, sold in answers.values():
                items |= sold
            rankings = {name: item_ids for name, (item_ids, _) in answers.items()}
            queries.append(MarketQuery(query.text, grades[query.query_id], rankings))
        if not queries:
            raise _nothing_judged(opened_catalog.name)
        return Market(tuple(queries), items)

    def _answer(self, catalog: Catalog, model: EngineModel, query: JudgmentQuery) -> _Answer:
        """Return an engine's list, computed once for each state of its vectors."""
        table = catalog.store.vectors(model.name).table
        version = version_of(table) if table is not None else 0
        key = (catalog.name, model.fingerprint, version, query.text)
        kept = self._answers.get(key)
        if kept is not None:
            return kept
        ask = Query(text=query.text, k=DEPTH, cutoff=False, fold_duplicates=False)
        hits = catalog.searcher.search(ask, model).hits
        sold = {hit.item.item_id: _sold(hit.item) for hit in hits}
        return self._answers.put(key, (tuple(sold), sold))


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
