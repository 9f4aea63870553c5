"""Pairs from an indexed catalogue; a tuned engine's vectors from those of its base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from core.app.library import Catalog
from core.base.image_views import image_view
from core.domain import Engine, EvalQuery, ImageView, Item, TextView
from core.errors import ImageError, TrainingError
from core.pipeline.job import writing
from core.ports.engines import EngineModel, IndexingModels
from core.settings import Settings
from core.store.vectors import VectorRow, Vectors, blend
from core.training.families import families, split_of
from core.training.pair_sources import LEAST_ITEMS, Source, checked_pairs, digest_of, item_texts
from core.training.pairs import Pairs

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


def catalog_source(
    where: Catalog, engine: Engine, models: IndexingModels, settings: Settings
) -> Source:
    """Pairs from a catalogue: each item's picture as the engine sees it, and its texts.

    An engine that looks at crops learns from items that are grounded.

    Raises:
        TrainingError: There are too few items.
    """
    known = list(where.store.items.records().values())
    if _cuts(engine):
        grounded = where.store.groundings.keys()
        known = [one for one in known if models.grounding_key(one.item) in grounded]
    items = [one.item for one in known]
    grouped = families(items) if items else []
    splits = [split_of(group) for group in grouped]
    texts = [item_texts(one.item, one.rewrite) for one in known]
    keys = [models.grounding_key(item) if _cuts(engine) else "" for item in items]
    pairs = checked_pairs([item.item_id for item in items], where.name, grouped, splits, texts)

    def pictures() -> Iterator[Image.Image | None]:
        for start in range(0, len(items), _CHUNK):
            wanted = keys[start : start + _CHUNK]
            found = where.store.groundings.get({key for key in wanted if key})
            for item, key in zip(items[start : start + _CHUNK], wanted, strict=True):
                try:
                    photo = where.images.open(item.photo.sha256)
                except (ImageError, OSError):
                    yield None
                    continue
                ground = found.get(key)
                if ground is not None:
                    ground = replace(ground, threshold=settings.grounding_threshold)
                yield image_view(photo, ground, engine.image_view, settings.crop_padding)

    marks = [f"{item.photo.sha256} {key}" for item, key in zip(items, keys, strict=True)]
    return Source(pairs, pictures, digest_of(marks, texts, grouped, splits), where.name)


def _cuts(engine: Engine) -> bool:
    return engine.image_view is not ImageView.PHOTO
