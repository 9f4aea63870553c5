"""All photos of an item are embedded where a setting asks for it; the best one counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from core.catalog.ingest import ingest
from core.domain import Query
from core.pipeline.indexer import run_index
from core.search.searcher import Searcher
from core.settings import Settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench, write_catalog


def test_the_best_photo_counts_and_the_setting_can_be_turned_off(tmp_path: Path) -> None:
    source = write_catalog(tmp_path / "files", 6)
    lines = source.read_text().splitlines()
    lines[1] += " 900.png"  # a further photo of id-000
    source.write_text("\n".join(lines) + "\n")
    detail = Image.effect_noise((96, 72), 90).convert("RGB")
    detail.save(source.parent / "900.png")
    store = CatalogStore(tmp_path / "shop")
    photos, models = ImageStore(store.root / "images"), bench().models

    def index(all_photos: bool) -> int:
        report = run_index(
            store, photos, models,
            lambda rows: ingest(source, store=photos, settings=Settings(), known_rows=rows),
            all_photos=all_photos,
        )  # fmt: skip
        return report.per_stage.get("further photos", 0)

    def cosine() -> float:
        query = Query(image=photos.open(store.item("id-000").more_photos[0].sha256), cutoff=False)
        hits = Searcher(store, photos).search(query, models.engines[0]).hits
        assert len({hit.item.item_id for hit in hits}) == len(hits)
        return next(hit.cosine for hit in hits if hit.item.item_id == "id-000")

    assert index(all_photos=False) == 0
    without = cosine()
    assert index(all_photos=True) == len(models.engines)
    assert cosine() > without
    assert index(all_photos=True) == 0  # nothing changed
    records = store.items.records()
    assert len(records["id-000"].item.photos) == 2
    index(all_photos=False)
    assert cosine() == without


def test_engines_of_crops_look_at_the_product_in_a_further_photo(tmp_path: Path) -> None:
    source = write_catalog(tmp_path / "files", 2)
    lines = source.read_text().splitlines()
    lines[1] += " 900.png"
    source.write_text("\n".join(lines) + "\n")
    Image.effect_noise((96, 72), 90).convert("RGB").save(source.parent / "900.png")
    store = CatalogStore(tmp_path / "shop")
    photos, models = ImageStore(store.root / "images"), bench().models
    run_index(
        store, photos, models,
        lambda rows: ingest(source, store=photos, settings=Settings(), known_rows=rows),
        all_photos=True,
    )  # fmt: skip
    item = store.item("id-000")
    key = models.grounding_key(replace(item, photo=item.more_photos[0], more_photos=()))
    assert store.groundings.get([key])[key].best is not None
    whole, crop = (
        store.photo_vectors(model.name).nearest(np.ones(model.encoder.dim, np.float32), 5)[0][2]
        for model in models.engines
    )
    assert whole != crop
