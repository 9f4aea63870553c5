"""A small catalogue that two engines find with real vectors; it takes no weights and a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from core.app.library import Catalog
from core.app.studio import Studio
from core.domain import Item, JudgmentQuery
from core.settings import load_settings
from core.store.items import ItemRecord
from core.store.meta import CatalogMeta
from core.store.vectors import VectorRow

NAME = "whole"
TITLES = ("Oak chair", "Brass lamp", "Blue sofa")
ENGINES = ("clip", "vl-clip")


def fill(data: Path, name: str = NAME, updated: str = "2026-01-01") -> Catalog:
    """Make a catalogue of three items, and a judgment set of its items for one query.

    The pictures are noise; in place of their vectors stand those of the titles.
    """
    studio = Studio(load_settings(data_dir=data))
    catalog = studio._library.create(name)
    items = []
    for number, title in enumerate(TITLES):
        noise = np.random.default_rng(number).integers(0, 255, (8, 8, 3)).astype(np.uint8)
        picture = data / f"{number}.png"
        Image.fromarray(noise).resize((64, 64)).save(picture)
        items.append(Item(f"i-{number}", title, catalog.images.add(picture), department="home"))
    store = catalog.store
    store.items.upsert([ItemRecord(item, f"row {item.item_id}") for item in items])
    store.items.index_words()
    for engine in ENGINES:
        model = studio._models.engine(engine)
        vectors = model.encoder.encode_texts(list(TITLES))
        table = store.vectors(engine)
        table.prepare(model.fingerprint, vectors.shape[1], model.engine.text_weight)
        table.upsert([
            VectorRow(item.item_id, "key", "", "", "home", "", item.photo.phash, *[vector] * 3)
            for item, vector in zip(items, vectors, strict=True)
        ])  # fmt: skip
    store.meta.write(CatalogMeta(name.capitalize(), updated=updated))
    query = JudgmentQuery("q1", text="chair")
    studio.judging.create("Tiny", (query,), engines=("clip",), depth=len(TITLES), catalog=name)
    return catalog
