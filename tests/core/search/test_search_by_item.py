"""Items like one that the catalogue has, and several photos of one item."""

import shutil
from dataclasses import replace

import pytest

from core.domain import Box, Filters, Query
from core.ports.engines import EngineModel
from core.search import scoring
from core.search.relevance import relevance
from core.search.searcher import CALIBRATION, Searcher
from core.settings import SHIPPED
from core.store.catalog_store import CatalogStore
from tests.core.pipeline.small import HashingEncoder
from tests.core.search.searches import ids, photo, search


class NoModel(HashingEncoder):
    """An encoder that must not be asked for anything but its name."""

    def prepare(self, images):
        raise AssertionError("a model was loaded")

    encode_prepared = encode_images = encode_texts = prepare


def test_similar_items_need_no_model_and_leave_the_item_out(shop):
    lazy = EngineModel(shop.vl_clip.engine, NoModel())
    result = search(shop, Query(item_id="id-017", cutoff=False), lazy)
    assert len(result.hits) == 20
    assert "id-017" not in ids(result)
    vector = shop.store.vectors("vl-clip").image_vector("id-017")
    assert result.hits[0].cosine == pytest.approx(
        float(shop.store.vectors("vl-clip").get(ids(result)[:1])[ids(result)[0]].vector @ vector),
        abs=1e-5,
    )


def test_similar_items_keep_to_the_product_type(shop):
    near = search(shop, Query(item_id="id-017", cutoff=False, k=50))
    assert {hit.item.product_type for hit in near.hits} == {"table"}
    other = search(shop, Query(item_id="id-017", cutoff=False, k=50, any_type=True))
    assert len({hit.item.product_type for hit in other.hits}) > 1
    chosen = Query(item_id="id-017", cutoff=False, filters=Filters(product_types=("mug",)))
    assert {hit.item.product_type for hit in search(shop, chosen).hits} == {"mug"}


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, True),
        ({"any_type": True}, False),
        ({"filters": Filters(departments=("garden", "home"))}, True),
        ({"filters": Filters(product_types=("table", "mug"))}, False),
        ({"region": Box(0, 0, 40, 40)}, False),
        ({"image": True}, False),
        ({"text": "red"}, False),
        ({"text": "  "}, True),
    ],
)
def test_an_item_alone_keeps_to_its_product_type(shop, changes, kept):
    if "image" in changes:
        changes = {"image": photo(shop, "id-003")}
    query = Query(item_id="id-017", **changes)
    row = shop.store.vectors("clip").get(["id-017"])["id-017"]
    assert (shop.searcher._same_type(query, row) is not None) == kept
    assert shop.searcher._same_type(query, None) is None
    assert shop.searcher._same_type(query, replace(row, product_type="")) is None


def test_varied_hits_are_the_same_in_another_order(shop):
    plain = Query(item_id="id-017", cutoff=False, k=15, fold_duplicates=False)
    near, varied = search(shop, plain), search(shop, replace(plain, varied=True))
    assert ids(near)[0] == ids(varied)[0]
    assert ids(near) != ids(varied)


def test_the_first_hits_are_varied_and_those_without_a_vector_left_out(shop, monkeypatch):
    monkeypatch.setattr("core.search.searcher.DEPTH", 6)
    plain = Query(item_id="id-017", cutoff=False, k=15, fold_duplicates=False)
    near, varied = ids(search(shop, plain)), ids(search(shop, replace(plain, varied=True)))
    assert near[6:] == varied[6:]
    assert set(near[:6]) == set(varied[:6])
    candidates = scoring.score(
        shop.searcher.gather(plain, shop.clip).evidence,
        relevance(SHIPPED / CALIBRATION).scale("item", "clip"), None, None, 122,
    ).candidates  # fmt: skip
    table = shop.store.vectors("clip")
    monkeypatch.setattr(table, "get", lambda names: {})
    assert shop.searcher._varied(candidates, shop.clip) == candidates[6:]


def test_the_best_of_several_photos_counts(tmp_path, shop):
    shutil.copytree(shop.store.root, tmp_path / "shop")
    store = CatalogStore(tmp_path / "shop")
    query = photo(shop, "id-003")
    searcher = Searcher(store, shop.photos)
    before = searcher.search(Query(image=query, cutoff=False, k=122), shop.clip)
    place = ids(before).index("id-077")
    assert place > 3
    row = store.vectors("clip").get(["id-077"])["id-077"]
    like = store.vectors("clip").get(["id-003"])["id-003"]
    further = replace(row, vector=like.vector, image_vector=like.image_vector)
    photos = store.photo_vectors("clip")
    photos.prepare("other weights", 32, 0.25)
    photos.replace(["id-077"], [further])
    again = Searcher(CatalogStore(tmp_path / "shop"), shop.photos)
    assert ids(again.search(Query(image=query, cutoff=False, k=122), shop.clip)) == ids(before)
    photos = CatalogStore(tmp_path / "shop").photo_vectors("clip")
    photos.prepare(shop.clip.fingerprint, 32, 0.25)
    CatalogStore(tmp_path / "shop").photo_vectors("clip").replace(["id-077"], [further])
    again = Searcher(CatalogStore(tmp_path / "shop"), shop.photos)
    assert "id-077" in ids(again.search(Query(image=query, cutoff=False, k=122), shop.clip))[:3]
