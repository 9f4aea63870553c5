"""Vectors of a trained engine that are made at once agree with those that indexing makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.app.catalog_pairs import derive_vectors
from core.app.library import Catalog, Library
from core.base.image_views import image_view
from core.catalog.ingest import ingest
from core.domain import Engine
from core.pipeline.indexer import RowSource, run_index
from core.ports.engines import EngineModel, IndexingModels
from core.settings import Settings
from core.store.vectors import VectorRow, Vectors
from tests.core.pipeline.small import Bench, HashingEncoder, bench, rows_of, write_catalog

PHOTOS = 4


def indexed(folder: Path, shares: dict[str, float], photos: bool) -> tuple[Bench, Catalog, Any]:
    """Index a catalogue, with photos or without, for a base engine of crops with these shares."""
    small = bench()
    engine = replace(small.models.engines[1].engine, **shares)
    small.models = IndexingModels(
        (EngineModel(engine, small.encoder),), small.grounder, small.models.rewriter
    )
    opened = Library(Settings(data_dir=folder)).create("shop")
    if photos:
        rows: RowSource = rows_of(write_catalog(folder / "files", PHOTOS), opened.images)
    else:
        (folder / "words.csv").write_text("item_id,title\na,red chair\nb,blue lamp\n")

        def rows(stored: Any) -> Any:
            return ingest(
                folder / "words.csv", columns={"image": ""}, store=opened.images,
                settings=Settings(threads=1), known_rows=stored,
            )  # fmt: skip

    run_index(opened.store, opened.images, small.models, rows)
    return small, opened, rows


@pytest.mark.parametrize("photos", [True, False])
@pytest.mark.parametrize(
    "shares", [{}, {"photo_share": 0.5}, {"title_share": 0.5, "title_share_without_photo": 0.75}]
)
def test_after_the_next_indexing_they_are_those_of_the_recipe(
    tmp_path: Path, shares: dict[str, float], photos: bool
) -> None:
    small, opened, rows = indexed(tmp_path, shares, photos)
    (base,) = small.models.engines
    engine: Engine = replace(base.engine, name="mine", title="Mine")
    tuned = EngineModel(engine, HashingEncoder("trained"))

    def crops(stored: Sequence[VectorRow]) -> dict[str, Vectors]:
        """Embed the crops, as training does."""
        vectors = {}
        for row in stored:
            item = opened.store.item(row.item_id)
            grounding = opened.store.groundings.get([row.grounding_key])[row.grounding_key]
            photo = opened.images.open(item.photo.sha256)
            view = image_view(photo, grounding, engine.image_view, small.models.padding)
            vectors[row.item_id] = tuned.encoder.encode_images([view])[0]
        return vectors

    derive_vectors(opened, base, tuned, small.models, crops)
    ids = list(opened.store.items.records())
    assert set(opened.store.vectors("mine").get(ids)) == set(ids), "they can be searched at once"
    models = IndexingModels((tuned,), small.grounder, small.models.rewriter)
    report = run_index(opened.store, opened.images, models, rows)
    # Both encoders embed alike, so the base's vectors are what indexing makes of the recipe.
    wanted, made = (opened.store.vectors(name).get(ids) for name in (base.name, "mine"))
    for item_id in ids:
        for column in ("image_vector", "text_vector", "vector"):
            values = [getattr(row[item_id], column) for row in (wanted, made)]
            assert np.allclose(*values, atol=1e-5), (item_id, column)
    again = photos and "photo_share" in shares
    assert report.per_stage.get("embedding", 0) == (len(ids) if again else 0)
