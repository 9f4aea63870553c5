from dataclasses import replace

import pytest
from PIL import Image

from core.base.image_views import image_view
from core.domain import ImageView
from core.errors import CatalogError, WeightsUnavailable
from core.pipeline.indexer import run_index
from core.pipeline.indexing_job import indexing_job
from core.ports.engines import EngineModel, IndexingModels
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import HashingEncoder, bench, rows_of, write_catalog


@pytest.fixture
def shop(tmp_path):
    """Return a bench that indexes a catalogue file of 40 items."""
    source = write_catalog(tmp_path / "source", 40)
    store = CatalogStore(tmp_path / "shop")
    photos = ImageStore(store.root / "images")

    class Shop:
        def __init__(self):
            self.source, self.store, self.photos = source, store, photos

        def index(self, small=None, **options):
            small = small or bench()
            return run_index(store, photos, small.models, rows_of(source, photos), **options)

        def edit(self, old, new):
            text = source.read_text()
            assert old in text
            source.write_text(text.replace(old, new))

    return Shop()


def test_everything_is_stored_and_explained(shop):
    report = shop.index(title="The shop", source="items.csv")
    assert (report.rows, report.items, report.added) == (40, 40, 40)
    assert report.per_stage == {"reading": 40, "grounding": 40, "rewriting": 40, "embedding": 80}
    meta = shop.store.meta.read()
    assert (meta.title, meta.source) == ("The shop", "items.csv")
    assert meta.updated
    row = shop.store.vectors("vl-clip").get(["id-003"])["id-003"]
    grounding = shop.store.groundings.get([row.grounding_key])[row.grounding_key]
    rewrite = shop.store.rewrites.get([row.rewrite_key])[row.rewrite_key]
    assert rewrite.text == "a chair called yellow chair 3"
    # The stored vector is the one of exactly that crop.
    item = shop.store.items.get(["id-003"])["id-003"]
    crop = image_view(shop.photos.open(item.photo.sha256), grounding, ImageView.CROP, 0.05)
    assert (bench().encoder.encode_images([crop])[0] == row.image_vector).all()
    assert (bench().encoder.encode_texts([rewrite.text])[0] == row.text_vector).all()
    plain = shop.store.vectors("clip").get(["id-003"])["id-003"]
    assert (plain.grounding_key, plain.rewrite_key) == ("", "")
    assert (bench().encoder.encode_texts(["yellow chair 3"])[0] == plain.text_vector).all()


def test_unchanged_items_cost_nothing(shop):
    shop.index()
    small = bench()
    report = shop.index(small)
    assert (report.unchanged, report.per_stage) == (40, {})
    assert (small.encoder.pictures, small.grounder.calls) == (0, 0)


def test_a_job_says_what_it_did_and_leaves_out_what_it_did_not(shop):
    shop.index()
    first = indexing_job(shop.store.root).read()
    shop.edit("green chair 1,chair", "velvet throne 1,throne")
    shop.index()
    second = indexing_job(shop.store.root).read()
    assert first.message == "40 items added."
    assert second.message == "1 item changed, 39 items unchanged."


def test_changed_words_are_redone_and_found(shop):
    shop.index()
    small = bench()
    shop.edit("green chair 1,chair", "velvet throne 1,throne")
    report = shop.index(small)
    assert (report.changed, report.unchanged) == (1, 39)
    assert report.per_stage == {"reading": 1, "grounding": 1, "rewriting": 1, "embedding": 2}
    assert [match.item_id for match in shop.store.items.match("throne", 5)] == ["id-001"]
    record = shop.store.items.records(["id-001"])["id-001"]
    assert record.rewrite == "a throne called velvet throne 1"


def test_a_changed_photo_is_redone(shop):
    shop.index()
    before = shop.store.vectors("clip").get(["id-005"])["id-005"]
    Image.new("RGB", (90, 60), "white").save(shop.source.parent / "005.png")
    report = shop.index()
    assert (report.changed, report.per_stage["embedding"]) == (1, 2)
    after = shop.store.vectors("clip").get(["id-005"])["id-005"]
    assert (after.image_vector != before.image_vector).any()
    assert (after.text_vector == before.text_vector).all()


def test_a_new_department_needs_no_model_but_moves_the_vectors(shop):
    shop.index()
    text = shop.source.read_text().splitlines()
    text[3] = text[3].replace(",home,", ",attic,")
    shop.source.write_text("\n".join(text) + "\n")
    report = shop.index()
    assert report.per_stage == {"reading": 1, "rewriting": 1, "embedding": 1}
    assert shop.store.vectors("clip").state()["id-002"].department == "attic"
    assert shop.store.vectors("vl-clip").state()["id-002"].department == "attic"


def test_removed_rows_stay_unless_pruned(shop):
    shop.index()
    shop.source.write_text("\n".join(shop.source.read_text().splitlines()[:31]) + "\n")
    assert shop.index().items == 40
    report = shop.index(prune=True)
    assert (report.items, report.removed) == (30, 10)
    assert [shop.store.vectors(name).count() for name in ("clip", "vl-clip")] == [30, 30]


def test_a_row_that_broke_is_quarantined_but_its_item_is_not_pruned(shop):
    shop.index()
    shop.edit("007.png", "missing.png")
    report = shop.index(prune=True)
    assert (report.items, report.removed) == (40, 0)
    assert [(row.row, row.item_id) for row in report.quarantined] == [(8, "id-007")]
    assert shop.store.quarantine.all() == report.quarantined


def test_a_model_that_fails_on_one_item_quarantines_it_and_goes_on(shop):
    shop.edit("blue chair 2,chair", "blue chair 2,cursed chair")
    small = bench()
    report = shop.index(small)
    assert [(r.row, r.item_id, r.field, r.reason) for r in report.quarantined] == [
        (3, "id-002", "grounding", "the model gave up on this photo")
    ]
    assert shop.store.vectors("clip").count() == 40
    assert shop.store.vectors("vl-clip").count() == 39
    again = shop.index()
    assert [row.item_id for row in again.quarantined] == ["id-002"]  # tried again, failed again
    shop.edit("blue chair 2,cursed chair", "blue chair 2,chair")
    assert shop.index().quarantined == ()
    assert shop.store.vectors("vl-clip").count() == 40


def test_an_encoder_that_fails_on_one_text_embeds_the_rest_of_the_batch(shop):
    small = bench()
    small.encoder.refuse = "purple chair 4"
    report = shop.index(small)
    assert {(row.item_id, row.field) for row in report.quarantined} == {("id-004", "embedding")}
    assert shop.store.vectors("clip").count() == 39


def test_missing_weights_end_the_run_and_quarantine_no_item(shop):
    small = bench()

    def unavailable(image, prompt):
        raise WeightsUnavailable("MobileSAM can't be downloaded.")

    small.grounder.ground = unavailable
    with pytest.raises(WeightsUnavailable):
        shop.index(small)
    job = indexing_job(shop.store.root).read()
    assert (job.state, job.message) == ("failed", "MobileSAM can't be downloaded.")
    assert shop.store.vectors("clip").count() == 40  # what needs no grounding can be searched
    assert shop.index().quarantined == ()


def test_other_weights_embed_everything_again(shop):
    shop.index()
    report = shop.index(bench("other weights"))
    assert report.per_stage == {"embedding": 80}


def test_stopping_keeps_what_is_done_and_the_next_run_goes_on(shop):
    stopped = shop.index(should_stop=lambda: True)
    assert indexing_job(shop.store.root).read().state == "stopped"
    assert stopped.per_stage["embedding"] < 80
    small = bench()
    report = shop.index(small)
    assert stopped.per_stage["embedding"] + report.per_stage["embedding"] == 80


def test_only_one_job_at_a_time(shop):
    with indexing_job(shop.store.root).begin(), pytest.raises(CatalogError, match="already"):
        shop.index()


def test_items_are_searchable_before_grounding_starts(shop):
    counts = []

    def look(progress):
        if progress.stage == "grounding":
            counts.append(CatalogStore(shop.store.root).vectors("clip").count())

    shop.index(on_progress=look)
    assert counts[0] == 40


def test_an_engine_that_was_left_out_is_in_the_report_and_in_the_job(shop):
    small = bench()
    small.models.left_out = ("The engine gcl was left out: it has no weights.",)
    report = shop.index(small)
    assert report.notes == small.models.left_out
    job = indexing_job(shop.store.root).read()
    assert job is not None
    assert job.message.endswith("The engine gcl was left out: it has no weights.")


def test_encoders_are_let_go_of_before_products_are_looked_for_where_memory_is_short(shop):
    class Letting(HashingEncoder):
        released = 0

        def release(self):
            self.released += 1

    small = bench()
    alone, shared = Letting("alone"), Letting("shared")
    engines = small.models.engines
    models = [
        EngineModel(replace(engines[0].engine, name="photos"), alone),
        EngineModel(engines[0].engine, shared),
        EngineModel(engines[1].engine, shared),
    ]
    for spare, times in ((0, 0), (2**60, 1)):
        small.models = IndexingModels(
            models, small.grounder, small.models.rewriter, spare_memory=spare
        )
        shop.index(small)
        assert (alone.released, shared.released) == (times, 0)
