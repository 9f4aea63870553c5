"""Training pairs from an indexed catalogue; vectors of a tuned engine from those of its base."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from core.app.library import Catalog
from core.base.image_views import image_view
from core.domain import Engine, EvalQuery, ImageView, Item, TextView
from core.errors import ImageError, TrainingError
from core.pipeline.indexing_job import writing
from core.pipeline.stages import embed_words
from core.ports.engines import EngineModel, IndexingModels
from core.settings import Settings
from core.store.vectors import VectorRow, Vectors, blend
from core.training.batches import REWRITE, TITLE
from core.training.families import families, split_of
from core.training.pair_sources import LEAST_ITEMS, Source, checked_pairs, digest_of, item_texts
from core.training.pairs import Pairs

#: Longest wait for an indexing job, seconds; long, because minutes of training would be lost.
_PATIENCE = 6 * 3600
#: Number of vectors written at once.
_CHUNK = 512
#: Returns the tuned engine's picture vectors of stored rows, by item id.
Pictures = Callable[[Sequence[VectorRow]], Mapping[str, Vectors]]


def catalog_pairs(catalog: Catalog, base: EngineModel) -> Pairs:
    """Return the catalogue's stored picture vectors with the items' titles and rewrites.

    Items that are connected by equal titles, product groups or near-duplicate photos are in the
    same part of the split.

    Raises:
        TrainingError: There are too few items.
        CatalogError, FingerprintMismatch: The engine has no vectors here.
    """
    ids, (vectors,) = catalog.searcher.checked(base).columns("image_vector")
    records = catalog.store.items.records(ids)
    photographed = {name for name, record in records.items() if record.item.has_photo}
    rows = [row for row, item_id in enumerate(ids) if item_id in photographed]
    if len(rows) < LEAST_ITEMS:
        raise TrainingError(
            f"The catalogue “{catalog.name}” has {len(rows)} items with photos and vectors; "
            f"fine-tuning needs {LEAST_ITEMS} at least."
        )
    items = [records[ids[row]] for row in rows]
    groups = families([record.item for record in items])
    texts = [item_texts(record.item, record.rewrite) for record in items]
    pairs = Pairs(
        keys=[record.item.item_id for record in items],
        sources=np.full(len(rows), catalog.name),
        domains=np.full(len(rows), "photo"),
        groups=np.array(groups),
        splits=np.array([split_of(group) for group in groups]),
        texts=texts,
        vectors=vectors[rows],
    )
    pairs.check()
    return pairs


def held_out(pairs: Pairs, texts: str = TITLE) -> tuple[list[EvalQuery], dict[str, dict[str, int]]]:
    """Return a query per held-out title (or rewrite), and qrels: the items with that text."""
    test = pairs.take(pairs.splits == "test")
    words = test.rewrites() if texts == REWRITE else test.titles()
    relevant: dict[str, dict[str, int]] = {}
    queries: dict[str, EvalQuery] = {}
    for key, text in zip(test.keys, words, strict=True):
        query = queries.setdefault(text.casefold(), EvalQuery(key, text=text))
        relevant.setdefault(query.query_id, {})[key] = 1
    return list(queries.values()), relevant


def derive_vectors(
    catalog: Catalog,
    base: EngineModel,
    tuned: EngineModel,
    models: IndexingModels,
    pictures: Pictures,
) -> None:
    """Store the tuned engine's vectors: image vectors from ``pictures``, texts embedded again.

    No picture is decoded. A row whose base vector is outdated gets no key, so that the next
    indexing embeds it again, and so does one whose picture the engine's recipe mixes of two: the
    vector here is of one. A photo without a vector in ``pictures`` is left to the next indexing.
    Waits for a running indexing job of the catalogue.
    """
    with writing(catalog.store.root, patience=_PATIENCE):
        _derive(catalog, base, tuned, models, pictures)


def _derive(
    catalog: Catalog,
    base: EngineModel,
    tuned: EngineModel,
    models: IndexingModels,
    pictures: Pictures,
) -> None:
    engine, table = tuned.engine, catalog.store.vectors(tuned.name)
    table.prepare(tuned.fingerprint, tuned.encoder.dim, engine.text_weight)
    stored = catalog.store.vectors(base.name)
    ids = list(stored.state())
    for start in range(0, len(ids), _CHUNK):
        records = catalog.store.items.records(ids[start : start + _CHUNK])
        stored_rows = [row for key, row in stored.get(records).items() if key in records]
        without_photo = {
            row.item_id for row in stored_rows if not records[row.item_id].item.has_photo
        }
        photographed = [row for row in stored_rows if row.item_id not in without_photo]
        shown_vectors = pictures(photographed) if photographed else {}
        rows = [
            row
            for row in stored_rows
            if row.item_id in without_photo or row.item_id in shown_vectors
        ]
        if not rows:
            continue
        reads = engine.text_view is TextView.REWRITE
        row_records = [records[row.item_id] for row in rows]
        words = embed_words(
            tuned,
            [record.item for record in row_records],
            [(record.rewrite if reads else "") or record.item.title for record in row_records],
        )
        # Without a photo the words stand for it, as they do when it is indexed.
        shown = np.stack(
            [
                words[number] if row.item_id in without_photo else shown_vectors[row.item_id]
                for number, row in enumerate(rows)
            ]
        )
        mixed = blend(shown, words, engine.text_weight)
        table.upsert(
            [
                VectorRow(
                    item_id=row.item_id,
                    key=_key(row, record.item, base, tuned, models),
                    grounding_key=row.grounding_key,
                    rewrite_key=row.rewrite_key,
                    department=row.department,
                    product_type=row.product_type,
                    phash=row.phash,
                    image_vector=shown[number],
                    text_vector=words[number],
                    vector=mixed[number],
                )
                for number, (row, record) in enumerate(zip(rows, row_records, strict=True))
            ]
        )


def _key(
    row: VectorRow, item: Item, base: EngineModel, tuned: EngineModel, models: IndexingModels
) -> str:
    mixes = item.has_photo and tuned.engine.mixes_photos
    valid = row.key == models.vector_key(base, item) and not mixes
    return models.vector_key(tuned, item) if valid else ""


def catalog_source(
    catalog: Catalog, engine: Engine, models: IndexingModels, settings: Settings
) -> Source:
    """Return pairs of a catalogue: each item's picture in the engine's view, and its texts.

    For an engine of crops, only grounded items are used.

    Raises:
        TrainingError: There are too few items.
    """
    item_records = [r for r in catalog.store.items.records().values() if r.item.has_photo]
    if _cuts(engine):
        grounded = catalog.store.groundings.keys()
        item_records = [
            record for record in item_records if models.grounding_key(record.item) in grounded
        ]
    items = [record.item for record in item_records]
    grouped = families(items) if items else []
    splits = [split_of(group) for group in grouped]
    texts = [item_texts(record.item, record.rewrite) for record in item_records]
    keys = [models.grounding_key(item) if _cuts(engine) else "" for item in items]
    pairs = checked_pairs([item.item_id for item in items], catalog.name, grouped, splits, texts)

    def pictures() -> Iterator[Image.Image | None]:
        for start in range(0, len(items), _CHUNK):
            page_keys = keys[start : start + _CHUNK]
            groundings = catalog.store.groundings.get({key for key in page_keys if key})
            for item, key in zip(items[start : start + _CHUNK], page_keys, strict=True):
                try:
                    photo = catalog.images.open(item.photo.sha256)
                except (ImageError, OSError):
                    yield None
                    continue
                ground = groundings.get(key)
                if ground is not None:
                    ground = replace(ground, threshold=settings.grounding_threshold)
                yield image_view(photo, ground, engine.image_view, settings.crop_padding)

    marks = [f"{item.photo.sha256} {key}" for item, key in zip(items, keys, strict=True)]
    return Source(pairs, pictures, digest_of(marks, texts, grouped, splits), catalog.name, True)


def _cuts(engine: Engine) -> bool:
    return engine.image_view is not ImageView.PHOTO
