"""Make catalogues of the pools' stored picture vectors and the present text tower."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.matrix import views, words_of
from benchmarks.pools import Pool
from core.embedding.recipes import load_engines
from core.ports.encoder import Encoder
from core.ports.engines import EngineModel
from core.search.searcher import Searcher
from core.settings import SHIPPED
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord
from core.store.statistics import CosineStatistics
from core.store.vectors import VectorRow, Vectors, blend

ENGINES = ("clip", "vl-clip")


@dataclass(frozen=True)
class Shelf:
    """One pool as a catalogue.

    Attributes:
        pool: The pool.
        store: Its tables.
        searcher: Search over them.
        models: The engines by name.
    """

    pool: Pool
    store: CatalogStore
    searcher: Searcher
    models: dict[str, EngineModel]
    pictures: dict[str, Vectors]
    vectors: dict[str, Vectors]


def shelf(pool: Pool, encoder: Encoder, folder: Path, *, blind: bool = False) -> Shelf:
    """Write a pool's items and vectors to a new catalogue in ``folder``.

    Args:
        pool: The pool.
        encoder: Embeds the texts.
        folder: Where the catalogue is made.
        blind: Leave out types, departments, attributes and rewrites from the searched words, as in
            a catalogue that has titles and descriptions only.
    """
    store = CatalogStore(folder)
    records = [
        ItemRecord(item, "", rewrite)
        if not blind
        else ItemRecord(replace(item, product_type="", department="", attributes={}), "")
        for item, rewrite in zip(pool.items, pool.rewrites, strict=True)
    ]
    store.items.upsert(records)
    store.items.index_words()
    recipes = load_engines(SHIPPED / "engines")
    words = words_of(pool, encoder)
    models, pictures, served = {}, {}, {}
    for name in ENGINES:
        engine = recipes[name]
        image, text = views(pool, words, engine)
        model = models[name] = EngineModel(engine, encoder)
        table = store.vectors(name)
        table.prepare(model.fingerprint, encoder.dim, engine.text_weight)
        vectors = blend(image, text, engine.text_weight)
        table.upsert([
            VectorRow(item.item_id, "", "", "", item.department, item.product_type,
                      item.photo.phash, image[n], text[n], vectors[n])
            for n, item in enumerate(pool.items)
        ])  # fmt: skip
        store.statistics.write(name, model.fingerprint, "", CosineStatistics.of(vectors))
        pictures[name], served[name] = image, vectors
    photos: Any = pool.photos
    return Shelf(pool, store, Searcher(store, photos), models, pictures, served)
