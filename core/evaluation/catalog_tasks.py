"""Named tasks, whose queries and relevance judgments come from a catalogue's own data.

Queries by title, rewrite or own text rank by *picture vectors* alone: an engine's item vector
contains a share of the query text, so ranking by it would measure a string match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.domain import Engine, EvalQuery, EvalTask, Item, Qrels, Ranking, TextView
from core.errors import EvaluationError, no_such
from core.evaluation import measures
from core.store.items import ItemRecord

#: Fewest items of a group or type, and fewest types, for a task.
_ENOUGH = 2

Records = Mapping[str, ItemRecord]


@dataclass(frozen=True, slots=True)
class Task:
    """A task: queries, relevance judgments and measures.

    Attributes:
        name: Short name.
        title: Name for people.
        queries: Returns an engine's queries; they may depend on its text view.
        qrels: Relevance judgments.
        ranking: How to rank items.
        measures: Names of the measures.
        main: The measure that is shown per query.
        notes: What a reader must know to interpret the figures.
    """

    name: str
    title: str
    queries: Callable[[Engine], Sequence[EvalQuery]]
    qrels: Qrels
    ranking: Ranking
    measures: tuple[str, ...]
    main: str
    notes: tuple[str, ...] = ()


_PICTURES_ONLY = (
    "Items are ranked by their pictures alone: the text that is asked with is also a part of the "
    "items' own vectors, which would give the answer away."
)
_SAME_WORDS = "Items with the very same words count as right, too; each text is asked once."

_EXPLAINED = {
    "title": ("Title → its item", "Ask with each item's title: is its picture found?"),
    "rewrite": (
        "Rewritten sentence → its item",
        "Ask with each item's rewritten sentence: is its picture found?",
    ),
    "own": (
        "Own words → its item (the paper's task)",
        "Ask each engine with the words it gives its items: the title, or the rewritten sentence.",
    ),
    "similar": (
        "Item → its variants",
        "Ask with an item: are the other variants of the same product found?",
    ),
    "same-type": (
        "Item → items of its type",
        "Ask with an item: are the first results of the same product type?",
    ),
}
#: Names of the tasks, in the order that pages show them.
NAMES = tuple(_EXPLAINED)


def overview(records: Records) -> tuple[EvalTask, ...]:
    """Return all tasks and whether the catalogue has the data for them."""
    tasks = []
    for name, (title, explanation) in _EXPLAINED.items():
        reason = _missing(name, records)
        tasks.append(EvalTask(name, title, explanation, not reason, reason))
    return tuple(tasks)


def build(name: str, records: Records) -> Task:
    """Build a named task over a catalogue's items.

    Raises:
        EvaluationError: There is no such task, or the catalogue has no data for it.
    """
    if name not in _EXPLAINED:
        names = (*NAMES, "attributes", "ablation", "transfer", "transfer-types")
        raise no_such(EvaluationError, "task", name, names)
    reason = _missing(name, records)
    if reason:
        raise EvaluationError(f"The task “{name}” can't be run here: {reason}")
    title = _EXPLAINED[name][0]
    if name in ("title", "rewrite", "own"):
        return _by_words(name, title, records)
    return _by_item(name, title, records)


def _missing(name: str, records: Records) -> str:
    items = [record.item for record in records.values()]
    if len(items) < _ENOUGH:
        return "the catalogue needs at least two items."
    if name in ("title", "rewrite", "own") and not all(item.has_photo for item in items):
        return "it asks whether pictures are found, and items of the catalogue have no photo."
    if name in ("rewrite", "own") and not any(record.rewrite for record in records.values()):
        return "no item has a rewritten sentence yet."
    if name == "similar" and not _groups(items, lambda item: item.group):
        return "no two items share a group (a column such as parent_id or group)."
    if name == "same-type" and len({item.product_type for item in items} - {""}) < _ENOUGH:
        return "the catalogue needs a product type column with two types."
    return ""


def _by_words(name: str, title: str, records: Records) -> Task:
    titles = {item_id: record.item.title for item_id, record in records.items()}
    rewrites = {i: record.rewrite for i, record in records.items() if record.rewrite}
    texts = rewrites if name == "rewrite" else titles
    leaders, qrels = _distinct(texts)

    def queries(engine: Engine) -> list[EvalQuery]:
        by_rewrite = name == "own" and engine.text_view is TextView.REWRITE
        words = {**titles, **rewrites} if by_rewrite else texts
        return [EvalQuery(item_id, words[item_id]) for item_id in leaders]

    notes: tuple[str, ...] = (_PICTURES_ONLY, _SAME_WORDS)
    if name == "own":
        notes += ("Engines are asked with different words: the queries are those of the titles.",)
    return Task(name, title, queries, qrels, Ranking.IMAGE, measures.SEARCH, "mrr", notes)


def _by_item(name: str, title: str, records: Records) -> Task:
    items = [record.item for record in records.values()]
    key: Callable[[Item], str] = (
        (lambda item: item.group) if name == "similar" else (lambda item: item.product_type)
    )
    qrels: dict[str, dict[str, int]] = {}
    for members in _groups(items, key).values():
        for member in members:
            qrels[member] = {other: 1 for other in members if other != member}
    queries = [EvalQuery(item_id, item_id=item_id) for item_id in sorted(qrels)]
    notes = ("Asked with the item's picture vector; the item itself is left out.",)
    return Task(
        name, title, lambda _: queries, qrels, Ranking.VECTOR, measures.SIMILAR, "p@5", notes
    )


def _distinct(texts: Mapping[str, str]) -> tuple[list[str], dict[str, dict[str, int]]]:
    """Return an item id per distinct text, and qrels: all items with that text are relevant."""
    same: dict[str, list[str]] = defaultdict(list)
    for item_id in sorted(texts):
        words = " ".join(texts[item_id].lower().split())
        if words:
            same[words].append(item_id)
    qrels = {members[0]: dict.fromkeys(members, 1) for members in same.values()}
    return sorted(qrels), qrels


def _groups(items: Sequence[Item], key: Callable[[Item], str]) -> dict[str, list[str]]:
    """Return the item ids of each non-empty key that at least two items share."""
    groups: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if key(item):
            groups[key(item)].append(item.item_id)
    return {name: sorted(ids) for name, ids in groups.items() if len(ids) >= _ENOUGH}
