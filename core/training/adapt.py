"""Pairs from an indexed catalogue; a tuned engine's vectors from those of its base."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from core.domain import EvalQuery, Item, TextView
from core.embedding.adapted import AdaptedEncoder
from core.errors import TrainingError
from core.library import Catalog
from core.pipeline.models import EngineModel, Models
from core.store.vectors import VectorRow, blend
from core.training.corpus.record import bucket, clean
from core.training.pairs import Pairs

#: Of ten groups of equal titles, so many are held out to measure on, and to stop early by.
TEST, VALIDATION = 2, 1
#: A catalogue with fewer items teaches nothing and measures nothing.
LEAST_ITEMS = 100
#: Vectors written at once.
_CHUNK = 512


def catalogue_pairs(where: Catalog, base: EngineModel) -> Pairs:
    """The catalogue's pictures, as the engine embedded them, with their titles and rewrites.

    Items that share a title, a product group or a look-alike photo, also through others, are on
    one side of the split.

    Raises:
        TrainingError: There are too few items.
        CatalogError, FingerprintMismatch: The engine has no vectors here.
    """
    ids, (vectors,) = where.searcher.checked(base).columns("image_vector")
    records = where.store.items.records(ids)
    rows = [row for row, item_id in enumerate(ids) if item_id in records]
    if len(rows) < LEAST_ITEMS:
        raise TrainingError(
            f"The catalogue “{where.name}” has {len(rows)} items with vectors; fine-tuning needs "
            f"{LEAST_ITEMS} at least."
        )
    known = [records[ids[row]] for row in rows]
    groups = families([one.item for one in known])
    texts = [list(clean(_texts(one.item, one.rewrite))) for one in known]
    pairs = Pairs(
        keys=[one.item.item_id for one in known],
        sources=np.full(len(rows), where.name),
        domains=np.full(len(rows), "photo"),
        groups=np.array(groups),
        splits=np.array([_split(group) for group in groups]),
        texts=texts,
        vectors=vectors[rows],
    )
    pairs.check()
    return pairs


def families(items: Sequence[Item]) -> list[str]:
    """Per item, the name of its family: all that one title, group or photo joins."""
    marks = [
        (f"title:{one.title.casefold()}", f"photo:{one.photo.phash}", f"group:{one.group}")
        for one in items
    ]
    number = {mark: at for at, mark in enumerate(sorted({m for row in marks for m in row}))}
    edges = [
        (at, len(items) + number[mark])
        for at, row in enumerate(marks)
        for mark in row
        if mark != "group:"
    ]
    rows, columns = zip(*edges, strict=True)
    size = len(items) + len(number)
    graph = coo_array((np.ones(len(edges), np.int8), (rows, columns)), shape=(size, size))
    labels = connected_components(graph, directed=False)[1][: len(items)]
    # The first title in order names the family: a row added elsewhere moves no other family.
    names: dict[int, str] = {}
    for label, (title, *_) in sorted(zip(labels.tolist(), marks, strict=True)):
        names.setdefault(label, title)
    return [names[label] for label in labels.tolist()]


def held_out(pairs: Pairs) -> tuple[list[EvalQuery], dict[str, dict[str, int]]]:
    """A query per held-out title, and the items that it is the title of."""
    test = pairs.take(pairs.splits == "test")
    relevant: dict[str, dict[str, int]] = {}
    queries: dict[str, EvalQuery] = {}
    for key, title in zip(test.keys, test.titles(), strict=True):
        query = queries.setdefault(title.casefold(), EvalQuery(key, text=title))
        relevant.setdefault(query.query_id, {})[key] = 1
    return list(queries.values()), relevant


def derive_vectors(where: Catalog, base: EngineModel, tuned: EngineModel, models: Models) -> None:
    """Store the tuned engine's vectors: the base's pictures through the adapter, words anew.

    No picture is looked at again. A row whose base is not up to date gets no key, so that the
    next indexing redoes it.
    """
    assert isinstance(tuned.encoder, AdaptedEncoder)  # noqa: S101
    engine, table = tuned.engine, where.store.vectors(tuned.name)
    table.prepare(tuned.fingerprint, tuned.encoder.dim, engine.text_weight)
    stored = where.store.vectors(base.name)
    ids = list(stored.state())
    for start in range(0, len(ids), _CHUNK):
        records = where.store.items.records(ids[start : start + _CHUNK])
        rows = [row for key, row in stored.get(records).items() if key in records]
        if not rows:
            continue
        reads = engine.text_view is TextView.REWRITE
        known = [records[row.item_id] for row in rows]
        words = tuned.encoder.encode_texts(
            [(one.rewrite if reads else "") or one.item.title for one in known]
        )
        pictures = tuned.encoder.adapter.apply_to(np.stack([row.image_vector for row in rows]))
        mixed = blend(pictures, words, engine.text_weight)
        table.upsert(
            [
                VectorRow(
                    item_id=row.item_id,
                    key=_key(row, one.item, base, tuned, models),
                    grounding_key=row.grounding_key,
                    rewrite_key=row.rewrite_key,
                    department=row.department,
                    product_type=row.product_type,
                    phash=row.phash,
                    image_vector=pictures[number],
                    text_vector=words[number],
                    vector=mixed[number],
                )
                for number, (row, one) in enumerate(zip(rows, known, strict=True))
            ]
        )


def _key(row: VectorRow, item: Item, base: EngineModel, tuned: EngineModel, models: Models) -> str:
    return models.vector_key(tuned, item) if row.key == models.vector_key(base, item) else ""


def _split(group: str) -> str:
    place = bucket(group, 10)
    return "test" if place < TEST else "val" if place < TEST + VALIDATION else "train"


def _texts(item: Item, rewrite: str) -> list[str]:
    kind = f"{item.title}, {item.product_type}" if item.product_type else ""
    return [item.title, rewrite, kind]
