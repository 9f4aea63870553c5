"""Ablation: what grounding and rewriting bring, each and together, over vectors that are stored.

Two engines with the same towers hold all that is needed: one has photos and titles, the other
crops and rewrites. The two combinations between are put together from their vectors, so nothing
is embedded a second time. Each combination is asked with its own words for an item, as in the
paper, and ranked by its pictures alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from core.app.library import Catalog
from core.domain import (
    Engine,
    EvalQuery,
    ImageView,
    Item,
    OnProgress,
    Progress,
    Qrels,
    Ranking,
    Report,
    Slice,
    TextView,
    no_progress,
)
from core.errors import EvaluationError, ImageError
from core.evaluation import catalog_tasks, measures, report_builder
from core.evaluation.report_builder import EngineRun, Frame
from core.evaluation.retrieval import rank
from core.ports.engines import EngineModel
from core.store.vectors import Vectors
from core.vision.background import plain_foreground

TASK, TITLE = "ablation", "Ablation: own words → its item (the paper's task)"
#: A crop of less than this share of a busy photo takes clutter away.
CLUTTERED = 0.5
#: Parts with fewer queries are left out.
_LEAST = 10
#: Photos looked at between two words of how far it is.
_LOOK = 50
_NAMES = {
    (ImageView.PHOTO, TextView.TITLE): "Neither",
    (ImageView.CROP, TextView.TITLE): "Grounding only",
    (ImageView.PHOTO, TextView.REWRITE): "Rewriting only",
    (ImageView.CROP, TextView.REWRITE): "Both",
}

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination: which picture, which words."""

    image_view: ImageView
    text_view: TextView

    @property
    def name(self) -> str:
        """``photo-title``, ``crop-title`` …"""
        return f"{self.image_view.value}-{self.text_view.value}"

    @property
    def title(self) -> str:
        """For people."""
        return _NAMES[self.image_view, self.text_view]


#: Neither, grounding only, rewriting only, both.
CELLS = tuple(
    Cell(image, text)
    for text, image in product(
        (TextView.TITLE, TextView.REWRITE), (ImageView.PHOTO, ImageView.CROP)
    )
)


@dataclass(frozen=True, slots=True)
class Contender:
    """What takes part: pictures, and how words are embedded.

    Attributes:
        name: Short name.
        title: For people.
        fingerprint: Of what its vectors were made by.
        text_view: Whose words it is asked with.
        pictures: ``[n, d] float32, L2-normalised``, in the order of the stock's ids.
        encode: Words to ``[q, d] float32, L2-normalised``.
    """

    name: str
    title: str
    fingerprint: str
    text_view: TextView
    pictures: Vectors
    encode: Encode


@dataclass(frozen=True, slots=True)
class Stock:
    """What two engines stored of a catalogue.

    Attributes:
        ids: Items that both have vectors for, sorted.
        pictures: Per image view, ``[n, d] float32, L2-normalised``.
        words: Per text view, the words of each item; its title where it has no rewrite.
        items: The items.
        qrels: Per query (the first item of a title), the items with that title.
        crops: Share of the photo that each item's crop covers; 1 for the whole photo.
    """

    ids: list[str]
    pictures: Mapping[ImageView, Vectors]
    words: Mapping[TextView, Mapping[str, str]]
    items: Mapping[str, Item]
    qrels: Qrels
    crops: Mapping[str, float]


def engines_of(models: Sequence[EngineModel]) -> tuple[EngineModel, EngineModel]:
    """The engine of photos and titles and that of crops and rewrites, among those that are given.

    Raises:
        EvaluationError: One is missing, or their towers differ.
    """

    def wanted(image: ImageView, text: TextView) -> EngineModel | None:
        views = (image, text)
        return next((m for m in models if (m.engine.image_view, m.engine.text_view) == views), None)

    plain = wanted(ImageView.PHOTO, TextView.TITLE)
    full = wanted(ImageView.CROP, TextView.REWRITE)
    if plain is None or full is None:
        raise EvaluationError(
            "An ablation needs an engine of photos and titles and one of crops and rewrites, such "
            "as clip and vl-clip."
        )
    if plain.encoder.fingerprint != full.encoder.fingerprint:
        raise EvaluationError(
            f"{plain.engine.title} and {full.engine.title} have different towers, so a difference "
            "between them would not be that of grounding or rewriting. Take two that share theirs."
        )
    return plain, full


def stock(where: Catalog, plain: EngineModel, full: EngineModel) -> Stock:
    """Read what is stored; raises as ``Searcher.checked`` and ``tasks.build`` do."""
    columns = {
        ImageView.PHOTO: where.searcher.checked(plain).columns("image_vector"),
        ImageView.CROP: where.searcher.checked(full).columns("image_vector"),
    }
    records = where.store.items.records()
    found = set.intersection(*(set(ids) for ids, _ in columns.values())) & set(records)
    ids = sorted(found)
    if not ids:
        raise EvaluationError(f"No item of “{where.name}” has vectors of both engines.")
    pictures = {}
    for view, (own, (vectors,)) in columns.items():
        row = {item_id: number for number, item_id in enumerate(own)}
        pictures[view] = vectors[[row[item_id] for item_id in ids]]
    records = {item_id: records[item_id] for item_id in ids}
    planned = catalog_tasks.build("own", records)
    titles = {item_id: record.item.title for item_id, record in records.items()}
    rewrites = {item_id: record.rewrite or titles[item_id] for item_id, record in records.items()}
    return Stock(
        ids,
        pictures,
        {TextView.TITLE: titles, TextView.REWRITE: rewrites},
        {item_id: record.item for item_id, record in records.items()},
        planned.qrels,
        _crops(where, full.engine, ids),
    )


def contenders(own: Stock, model: EngineModel) -> list[Contender]:
    """The four combinations over the engine's own towers."""
    fingerprint, encode = model.fingerprint, model.encoder.encode_texts
    return [
        Contender(
            cell.name, cell.title, fingerprint, cell.text_view, own.pictures[cell.image_view],
            encode,
        )
        for cell in CELLS
    ]  # fmt: skip


def answered(
    own: Stock, taking_part: Sequence[Contender], asked: Sequence[str], depth: int,
    tell: OnProgress = no_progress,
) -> tuple[list[EngineRun], float]:  # fmt: skip
    """Everybody's rankings, and the seconds that encoding took."""
    inside, runs = 0.0, []
    known: dict[tuple[Encode, TextView], Vectors] = {}
    for number, one in enumerate(taking_part):
        tell(Progress("searching", number, len(taking_part), f"{one.title}: searching"))
        source, encoding = (one.encode, one.text_view), time.perf_counter()
        if source not in known:
            words = own.words[one.text_view]
            known[source] = one.encode([words[query_id] for query_id in asked])
        inside += time.perf_counter() - encoding
        run = rank(asked, known[source], own.ids, one.pictures, depth)
        runs.append(EngineRun(one.name, one.title, one.fingerprint, run))
    return runs, inside


def report(
    where: Catalog,
    own: Stock,
    runs: Sequence[EngineRun],
    asked: Sequence[str],
    depth: int,
    *,
    pairs: Sequence[tuple[str, str]],
    kind: str,
    parts: Mapping[str, str],
    notes: Sequence[str] = (),
    task: str = TASK,
    title: str = TITLE,
) -> Report:
    """Measure and compare.

    Args:
        where: The catalogue.
        own: What is stored of it.
        runs: The yardstick's first.
        asked: Ids of the queries, out of ``own.qrels``.
        depth: Results kept per query.
        pairs: Who is tested against whom, the yardstick of each pair first.
        kind: What ``parts`` are.
        parts: Name of the part that a query is counted under, too.
        notes: What else a reader must know.
        task: Name of the task.
        title: The same for people.
    """
    if not asked:
        raise EvaluationError("There is no query to evaluate.")
    frame = Frame(
        where.name, task, title, Ranking.IMAGE, depth, len(own.ids), measures.SEARCH, "mrr",
        ("Ranked by picture vectors alone; each combination is asked with its own words for an "
         "item, and what shares the item's title counts as right.", *notes),
        pairs=tuple(pairs),
    )  # fmt: skip
    titles = own.words[TextView.TITLE]
    queries = [EvalQuery(query_id, titles[query_id]) for query_id in asked]
    qrels = {query_id: own.qrels[query_id] for query_id in asked}
    done = report_builder.report(frame, queries, qrels, runs, own.items)
    return replace(done, slices=(*by_part(done, parts, kind, pairs), *done.slices))


def by_part(
    done: Report, parts: Mapping[str, str], kind: str, pairs: Sequence[tuple[str, str]]
) -> tuple[Slice, ...]:
    """The main measure on named parts of the queries, with the pairs' tests in each.

    Args:
        done: The report over all queries.
        parts: Name of the part per query id.
        kind: What the parts are.
        pairs: Who is tested against whom; p is corrected over the pairs of a part.
    """
    found = []
    for name in sorted(set(parts.values())):
        rows = [row for row in done.rows if parts.get(row.query_id) == name]
        if len(rows) < _LEAST:
            continue
        found.append(report_builder.measured_part(kind, name, done.main, rows, pairs))
    return tuple(found)


def photo_kinds(
    where: Catalog, own: Stock, asked: Sequence[str], tell: OnProgress = no_progress
) -> dict[str, str]:
    """Per query, what kind of photo its item has: measured on the pixels and on the crop."""
    kinds = {}
    for number, query_id in enumerate(asked):
        if number % _LOOK == 0:
            tell(Progress("photos", number, len(asked), "looking at the photos"))
        try:
            photo = where.images.open(own.items[query_id].photo.sha256)
        except ImageError:
            continue
        if plain_foreground(photo) is not None:
            kinds[query_id] = "plain ground (packshot)"
        elif own.crops[query_id] < CLUTTERED:
            kinds[query_id] = "busy, crop under half"
        else:
            kinds[query_id] = "busy, crop over half or none"
    return kinds


def _crops(where: Catalog, engine: Engine, ids: Sequence[str]) -> dict[str, float]:
    rows = where.store.vectors(engine.name).get(ids)
    known = where.store.groundings.get({row.grounding_key for row in rows.values()})
    shares = {}
    for item_id in ids:
        grounding = known.get(rows[item_id].grounding_key)
        box = grounding.box if grounding else None
        whole = grounding.width * grounding.height if grounding else 1
        shares[item_id] = box.area / whole if box else 1.0
    return shares
