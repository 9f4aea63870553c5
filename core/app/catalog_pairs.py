"""Pairs from an indexed catalogue; a tuned engine's vectors from those of its base."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from core.app.library import Catalog
from core.domain import EvalQuery, Item, TextView
from core.errors import TrainingError
from core.pipeline.job import writing
from core.ports.engines import EngineModel, IndexingModels
from core.store.vectors import VectorRow, Vectors, blend
from core.training.corpus.record import clean
from core.training.families import families, split_of
from core.training.pairs import Pairs

#: A catalogue with fewer items teaches nothing and measures nothing.
LEAST_ITEMS = 100
#: Longest wait for an indexing job, seconds: training took minutes, and must not be lost.
_PATIENCE = 6 * 3600
#: Vectors written at once.
_CHUNK = 512
#: The tuned engine's picture vectors of stored rows, by item.
Pictures = Callable[[Sequence[VectorRow]], Mapping[str, Vectors]]


def catalog_pairs(where: Catalog, base: EngineModel) -> Pairs:
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
    texts = [item_texts(one.item, one.rewrite) for one in known]
    pairs = Pairs(
        keys=[one.item.item_id for one in known],
        sources=np.full(len(rows), where.name),
        domains=np.full(len(rows), "photo"),
        groups=np.array(groups),
        splits=np.array([split_of(group) for group in groups]),
        texts=texts,
        vectors=vectors[rows],
    )
    pairs.check()
    return pairs


def held_out(pairs: Pairs) -> tuple[list[EvalQuery], dict[str, dict[str, int]]]:
    """A query per held-out title, and the items that it is the title of."""
    test = pairs.take(pairs.splits == "test")
    relevant: dict[str, dict[str, int]] = {}
    queries: dict[str, EvalQuery] = {}
    for key, title in zip(test.keys, test.titles(), strict=True):
        query = queries.setdefault(title.casefold(), EvalQuery(key, text=title))
        relevant.setdefault(query.query_id, {})[key] = 1
    return list(queries.values()), relevant


def derive_vectors(
    where: Catalog,
    base: EngineModel,
    tuned: EngineModel,
    models: IndexingModels,
    pictures: Pictures,
) -> None:
    """Store the tuned engine's vectors: pictures by way of what is known of them, words anew.

    No picture is looked at again. A row whose base is not up to date gets no key, so that the
    next indexing redoes it; one whose picture is not known is left to the next indexing. Waits
    for an indexing job of the catalogue.
    """
    with writing(where.store.root, patience=_PATIENCE):
        _derive(where, base, tuned, models, pictures)


def _derive(
    where: Catalog,
    base: EngineModel,
    tuned: EngineModel,
    models: IndexingModels,
    pictures: Pictures,
) -> None:
    engine, table = tuned.engine, where.store.vectors(tuned.name)
    table.prepare(tuned.fingerprint, tuned.encoder.dim, engine.text_weight)
    stored = where.store.vectors(base.name)
    ids = list(stored.state())
    for start in range(0, len(ids), _CHUNK):
        records = where.store.items.records(ids[start : start + _CHUNK])
        found = [row for key, row in stored.get(records).items() if key in records]
        seen = pictures(found)
        rows = [row for row in found if row.item_id in seen]
        if not rows:
            continue
        reads = engine.text_view is TextView.REWRITE
        known = [records[row.item_id] for row in rows]
        words = tuned.encoder.encode_texts(
            [(one.rewrite if reads else "") or one.item.title for one in known]
        )
        shown = np.stack([seen[row.item_id] for row in rows])
        mixed = blend(shown, words, engine.text_weight)
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
                    image_vector=shown[number],
                    text_vector=words[number],
                    vector=mixed[number],
                )
                for number, (row, one) in enumerate(zip(rows, known, strict=True))
            ]
        )


def _key(
    row: VectorRow, item: Item, base: EngineModel, tuned: EngineModel, models: IndexingModels
) -> str:
    return models.vector_key(tuned, item) if row.key == models.vector_key(base, item) else ""


def item_texts(item: Item, rewrite: str) -> list[str]:
    """What can be said of an item, the title first."""
    kind = f"{item.title}, {item.product_type}" if item.product_type else ""
    return list(clean([item.title, rewrite, kind]))
