"""Ablation: measure the effect of grounding, of rewriting and of both, from stored vectors.

Two engines with the same towers have all vectors: one of photos and titles, the other of crops and
rewrites. The two mixed combinations use vectors of both, so nothing is embedded again. As in the
paper, the queries of each combination are its own texts of the items, and items are ranked by
picture vectors alone.
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
from core.ports.encoder import encode_queries
from core.ports.engines import EngineModel
from core.store.vectors import Vectors

TASK, TITLE = "ablation", "What each step brings: every item is looked for by its own words"
#: Names of the kinds of photos that the queries' items have.
PLAIN_GROUND, BUSY, CLUTTER = (
    "plain ground (packshot)",
    "busy, crop over half or none",
    "busy, crop under half",
)
#: Crops below this share of a busy photo are counted under a name of their own.
CLUTTERED = 0.5
#: Fewest queries of a slice.
_LEAST = 10
#: Number of photos between two progress reports.
_LOOK = 50
_NAMES = {
    (ImageView.PHOTO, TextView.TITLE): "CLIP",
    (ImageView.CROP, TextView.TITLE): "CLIP + grounding",
    (ImageView.PHOTO, TextView.REWRITE): "CLIP + rewriting",
    (ImageView.CROP, TextView.REWRITE): "VL-CLIP (both)",
}

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination of image view and text view."""

    image_view: ImageView
    text_view: TextView

    @property
    def name(self) -> str:
        """``photo-title``, ``crop-title`` …"""
        return f"{self.image_view.value}-{self.text_view.value}"

    @property
    def title(self) -> str:
        """Name for people."""
        return _NAMES[self.image_view, self.text_view]


#: The combinations: neither, grounding only, rewriting only, both.
CELLS = tuple(
    Cell(image, text)
    for text, image in product(
        (TextView.TITLE, TextView.REWRITE), (ImageView.PHOTO, ImageView.CROP)
    )
)


@dataclass(frozen=True, slots=True)
class Contender:
    """One combination to measure: its picture vectors and its text encoder.

    Attributes:
        name: Short name.
        title: Name for people.
        fingerprint: Fingerprint of the engine that made its vectors.
        text_view: Text view of its queries.
        pictures: ``[n, d] float32, L2-normalised``, in the order of ``Stock.ids``.
        encode: Embeds texts: ``[q, d] float32, L2-normalised``.
    """

    name: str
    title: str
    fingerprint: str
    text_view: TextView
    pictures: Vectors
    encode: Encode


@dataclass(frozen=True, slots=True)
class Stock:
    """Stored data of a catalogue that two engines share.

    Attributes:
        ids: Ids of the items with vectors of both engines, sorted.
        pictures: Per image view, ``[n, d] float32, L2-normalised``.
        words: Text of each item per text view; its title if it has no rewrite.
        items: The items by id.
        qrels: Per query (the first item with a title), the items with that title.
        crops: Share of the photo that each item's crop covers; 1 for the whole photo.
    """

    ids: list[str]
    pictures: Mapping[ImageView, Vectors]
    words: Mapping[TextView, Mapping[str, str]]
    items: Mapping[str, Item]
    qrels: Qrels
    crops: Mapping[str, float]


def engines_of(models: Sequence[EngineModel]) -> tuple[EngineModel, EngineModel]:
    """Pick the engine of photos and titles and the engine of crops and rewrites.

    Raises:
        EvaluationError: One is missing, or their towers differ.
    """

    def engine_with(image: ImageView, text: TextView) -> EngineModel | None:
        views = (image, text)
        return next((m for m in models if (m.engine.image_view, m.engine.text_view) == views), None)

    plain = engine_with(ImageView.PHOTO, TextView.TITLE)
    full = engine_with(ImageView.CROP, TextView.REWRITE)
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


def stock(catalog: Catalog, plain: EngineModel, full: EngineModel) -> Stock:
    """Read the stored data; raises as ``Searcher.checked`` and ``catalog_tasks.build`` do."""
    columns = {
        ImageView.PHOTO: catalog.searcher.checked(plain).columns("image_vector"),
        ImageView.CROP: catalog.searcher.checked(full).columns("image_vector"),
    }
    stored = catalog.store.items.records()
    records = {item_id: record for item_id, record in stored.items() if record.item.has_photo}
    common = set.intersection(*(set(ids) for ids, _ in columns.values())) & set(records)
    ids = sorted(common)
    if not ids:
        raise EvaluationError(f"No item of “{catalog.name}” has vectors of both engines.")
    pictures = {}
    for view, (vector_ids, (vectors,)) in columns.items():
        row = {item_id: number for number, item_id in enumerate(vector_ids)}
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
        _crops(catalog, full.engine, ids),
    )


def contenders(own: Stock, model: EngineModel) -> list[Contender]:
    """Return the four combinations over the engine's own towers."""

    def encode(texts: Sequence[str]) -> Vectors:
        return encode_queries(model.encoder, texts)

    return [
        Contender(
            cell.name, cell.title, model.fingerprint, cell.text_view, own.pictures[cell.image_view],
            encode,
        )
        for cell in CELLS
    ]  # fmt: skip


def answered(
    own: Stock, contenders: Sequence[Contender], asked: Sequence[str], depth: int,
    tell: OnProgress = no_progress,
) -> tuple[list[EngineRun], float]:  # fmt: skip
    """Return the run of each contender, and the seconds spent encoding."""
    encode_seconds, runs = 0.0, []
    vectors_by_source: dict[tuple[Encode, TextView], Vectors] = {}
    for number, contender in enumerate(contenders):
        tell(Progress("searching", number, len(contenders), f"{contender.title}: searching"))
        source, encoding = (contender.encode, contender.text_view), time.perf_counter()
        if source not in vectors_by_source:
            words = own.words[contender.text_view]
            vectors_by_source[source] = contender.encode([words[query_id] for query_id in asked])
        encode_seconds += time.perf_counter() - encoding
        run = rank(asked, vectors_by_source[source], own.ids, contender.pictures, depth)
        runs.append(EngineRun(contender.name, contender.title, contender.fingerprint, run))
    return runs, encode_seconds


def report(
    catalog: Catalog,
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
    """Measure the runs and compare them.

    Args:
        catalog: The catalogue.
        own: Its stored data.
        runs: The runs, the baseline first.
        asked: Ids of the queries, a subset of ``own.qrels``.
        depth: Number of results per query.
        pairs: Pairs of contenders to test, the baseline of each pair first.
        kind: Kind of the slices in ``parts``.
        parts: Name of the slice per query id.
        notes: Further notes for the reader.
        task: Name of the task.
        title: Name of the task for people.
    """
    if not asked:
        raise EvaluationError("There is no query to evaluate.")
    frame = Frame(
        catalog.name, task, title, Ranking.IMAGE, depth, len(own.ids), measures.SEARCH, "mrr",
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
    """Return the main measure on named parts of the queries, with the pairs' tests in each.

    Args:
        done: The report over all queries.
        parts: Name of the slice per query id.
        kind: Kind of the slices.
        pairs: Pairs to test; p is corrected over the pairs of a slice.
    """
    slices = []
    for name in sorted(set(parts.values())):
        rows = [row for row in done.rows if parts.get(row.query_id) == name]
        if len(rows) < _LEAST:
            continue
        slices.append(report_builder.measured_part(kind, name, done.main, rows, pairs))
    return tuple(slices)


def photo_kinds(
    catalog: Catalog, own: Stock, asked: Sequence[str], tell: OnProgress = no_progress
) -> dict[str, str]:
    """Classify the photo of each query's item by its background and its crop."""
    from core.base.background import plain_foreground  # slow to import

    kinds = {}
    for number, query_id in enumerate(asked):
        if number % _LOOK == 0:
            tell(Progress("photos", number, len(asked), "looking at the photos"))
        try:
            photo = catalog.images.open(own.items[query_id].photo.sha256)
        except ImageError:
            continue
        if plain_foreground(photo) is not None:
            kinds[query_id] = PLAIN_GROUND
        elif own.crops[query_id] < CLUTTERED:
            kinds[query_id] = CLUTTER
        else:
            kinds[query_id] = BUSY
    return kinds


def _crops(catalog: Catalog, engine: Engine, ids: Sequence[str]) -> dict[str, float]:
    rows = catalog.store.vectors(engine.name).get(ids)
    groundings = catalog.store.groundings.get({row.grounding_key for row in rows.values()})
    shares = {}
    for item_id in ids:
        grounding = groundings.get(rows[item_id].grounding_key)
        box = grounding.box if grounding else None
        photo_area = grounding.width * grounding.height if grounding else 1
        shares[item_id] = box.area / photo_area if box else 1.0
    return shares
