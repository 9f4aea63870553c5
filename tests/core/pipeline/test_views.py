"""Each engine's encoder gets the view that its recipe names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.base.image_views import image_view, mixed
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


@pytest.mark.parametrize("stored", [False, True])
def test_photo_and_title_are_mixed_in_as_the_recipe_says(stored: bool, tmp_path: Path) -> None:
    small = bench()
    clip, vl_clip = small.models.engines
    recipe = replace(vl_clip.engine, photo_share=0.9, busy_share=0.25, title_share=0.5)
    blended = EngineModel(recipe, small.encoder)
    engines = (clip, blended) if stored else (blended,)
    models = IndexingModels(engines, small.grounder, small.models.rewriter)
    source, store = write_catalog(tmp_path / "source", 3), CatalogStore(tmp_path / "shop")
    photos = ImageStore(store.root / "images")
    run_index(store, photos, models, rows_of(source, photos))
    assert small.encoder.pictures == 6  # a stored whole photo is not embedded again
    record = store.items.records()["id-000"]
    photo = photos.open(record.item.photo.sha256)
    grounding = small.grounder.ground(photo, record.item.prompt)
    crop = image_view(photo, grounding, ImageView.CROP, models.padding)
    pictures = small.encoder.encode_images([crop, photo])
    texts = small.encoder.encode_texts([record.rewrite, record.item.title])
    row = store.vectors("vl-clip").get(["id-000"])["id-000"]
    # The middle quarter of the photo was found by its name: a busy photo.
    assert np.allclose(row.image_vector, mixed(pictures[:1], pictures[1:], 0.25)[0], atol=1e-6)
    assert np.allclose(row.text_vector, mixed(texts[:1], texts[1:], 0.5)[0], atol=1e-6)
    assert blended.fingerprint != vl_clip.fingerprint


def test_before_a_plain_background_the_whole_photo_is_mixed_in(tmp_path: Path) -> None:
    small = bench()
    recipe = replace(small.models.engines[1].engine, busy_share=0.1, plain_share=0.75)
    models = IndexingModels(
        (EngineModel(recipe, small.encoder),), small.grounder, small.models.rewriter
    )
    source, store = write_catalog(tmp_path / "source", 2), CatalogStore(tmp_path / "shop")
    plain = Image.new("RGB", (96, 72), "white")
    plain.paste("red", (30, 20, 66, 52))
    plain.save(tmp_path / "source" / "000.png")
    photos = ImageStore(store.root / "images")
    run_index(store, photos, models, rows_of(source, photos))
    for item_id, share in (("id-000", 0.75), ("id-001", 0.1)):
        photo = photos.open(store.item(item_id).photo.sha256)
        grounding = small.grounder.ground(photo, "lamp")
        crop = image_view(photo, grounding, ImageView.CROP, models.padding)
        pictures = small.encoder.encode_images([crop, photo])
        stored = store.vectors("vl-clip").get([item_id])[item_id]
        expected = mixed(pictures[:1], pictures[1:], share)[0]
        assert np.allclose(stored.image_vector, expected, atol=1e-6)


@pytest.mark.parametrize(("least", "whole"), [(30, False), (60, True)])
def test_a_crop_of_too_few_pixels_gives_way_to_the_photo(
    least: float, whole: bool, tmp_path: Path
) -> None:
    small = bench()
    recipe = replace(small.models.engines[1].engine, smallest_crop=least)
    models = IndexingModels(
        (EngineModel(recipe, small.encoder),), small.grounder, small.models.rewriter
    )
    source, store = write_catalog(tmp_path / "source", 1), CatalogStore(tmp_path / "shop")
    photos = ImageStore(store.root / "images")
    run_index(store, photos, models, rows_of(source, photos))
    photo = photos.open(store.item("id-000").photo.sha256)
    grounding = small.grounder.ground(photo, "lamp")
    crop = image_view(photo, grounding, ImageView.CROP, models.padding)
    expected = small.encoder.encode_images([photo if whole else crop])[0]
    stored = store.vectors("vl-clip").get(["id-000"])["id-000"]
    assert np.allclose(stored.image_vector, expected, atol=1e-6)
