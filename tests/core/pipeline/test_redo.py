from dataclasses import replace

import pytest

from core.domain import Box, Detection, Rewrite, Stage
from core.errors import CatalogBusy
from core.pipeline.indexer import run_index
from core.pipeline.indexing_job import indexing_job
from core.pipeline.redo import redo
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench, rows_of, write_catalog


@pytest.fixture
def shop(tmp_path):
    """Return a store of six indexed items, its photos and its models."""
    source = write_catalog(tmp_path / "source", 6)
    store = CatalogStore(tmp_path / "shop")
    photos, small = ImageStore(store.root / "images"), bench()
    run_index(store, photos, small.models, rows_of(source, photos))
    return store, photos, small, source


def test_an_edited_sentence_wins_and_is_embedded(shop):
    store, photos, small, source = shop
    item = store.items.get(["id-003"])["id-003"]
    text = Rewrite("a yellow throne", (), "a person", "")
    store.corrections.correct(Stage.REWRITE, item, store.rewrites, text, "ada")
    assert redo(store, photos, small.models, ["id-003"]) == 1
    stored = store.vectors("vl-clip").get(["id-003"])["id-003"]
    assert (stored.text_vector == small.encoder.encode_texts(["a yellow throne"])[0]).all()
    assert [match.item_id for match in store.items.match("throne", 5)] == ["id-003"]
    # Indexing the file again keeps it, and costs nothing.
    report = run_index(store, photos, bench().models, rows_of(source, photos))
    assert report.per_stage == {}
    # Given back, the machine's own sentence returns without being written again.
    store.corrections.correct(Stage.REWRITE, item, store.rewrites, None, "ada")
    report = run_index(store, photos, bench().models, rows_of(source, photos))
    assert report.per_stage == {"embedding": 1}
    assert store.items.match("throne", 5) == []


def test_a_drawn_box_wins(shop):
    store, photos, small, _ = shop
    item = store.items.get(["id-002"])["id-002"]
    row = store.vectors("vl-clip").get(["id-002"])["id-002"]
    machine = store.groundings.get([row.grounding_key])[row.grounding_key]
    drawn = replace(machine, detections=(Detection("drawn", 1.0, Box(0, 0, 20, 20)),))
    store.corrections.correct(Stage.GROUNDING, item, store.groundings, drawn, "ada")
    calls = small.grounder.calls
    assert redo(store, photos, small.models, ["id-002"]) == 1
    assert small.grounder.calls == calls
    after = store.vectors("vl-clip").get(["id-002"])["id-002"]
    assert (after.image_vector != row.image_vector).any()
    assert (after.text_vector == row.text_vector).all()


def test_nothing_to_do(shop):
    store, photos, small, _ = shop
    assert redo(store, photos, small.models, ["id-001", "nobody"]) == 0


def test_redo_raises_while_the_catalogue_is_indexed(shop):
    store, photos, small, _ = shop
    with indexing_job(store.root).begin(), pytest.raises(CatalogBusy, match="being indexed"):
        redo(store, photos, small.models, ["id-001"])
    assert indexing_job(store.root).read().state == "done"


def test_a_new_threshold_embeds_again_without_grounding_again(shop):
    store, photos, _, source = shop
    before = store.vectors("vl-clip").get(["id-001"])["id-001"]
    strict = bench()
    strict.grounder.threshold = 0.95  # above the score of everything that was found
    report = run_index(store, photos, strict.models, rows_of(source, photos))
    assert report.per_stage == {"embedding": 6}
    assert strict.grounder.calls == 0
    whole = store.vectors("clip").get(["id-001"])["id-001"]
    after = store.vectors("vl-clip").get(["id-001"])["id-001"]
    assert (after.image_vector == whole.image_vector).all()
    assert (after.image_vector != before.image_vector).any()
