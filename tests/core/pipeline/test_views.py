"""Each engine's encoder gets the view that its recipe names."""

from pathlib import Path

import numpy as np
import pytest

from core.base.image_views import image_view
from core.domain import Engine, ImageView, TextView
from core.pipeline.indexer import run_index
from core.ports.engines import EngineModel, IndexingModels
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench, rows_of, write_catalog


@pytest.mark.parametrize("view", ImageView)
def test_a_view_is_embedded_as_it_is_cut(view: ImageView, tmp_path: Path) -> None:
    small = bench()
    engine = Engine("any", "Any", "", view, TextView.TITLE, 0.0, {})
    grounder = None if view is ImageView.PHOTO else small.grounder
    models = IndexingModels((EngineModel(engine, small.encoder),), grounder)
    source, store = write_catalog(tmp_path / "source", 1), CatalogStore(tmp_path / "shop")
    photos = ImageStore(store.root / "images")
    run_index(store, photos, models, rows_of(source, photos))
    item = store.items.records()["id-000"].item
    photo = photos.open(item.photo.sha256)
    grounding = small.grounder.ground(photo, item.prompt)
    (expected,) = small.encoder.encode_images([image_view(photo, grounding, view, models.padding)])
    stored = store.vectors("any").get(["id-000"])["id-000"]
    assert np.allclose(stored.image_vector, expected, atol=1e-6)
