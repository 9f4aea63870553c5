"""What a search says where it can't answer, and what does not stop it."""

import shutil
from dataclasses import replace

import pytest

from core.domain import Query
from core.errors import CatalogError, FingerprintMismatch, QueryError
from core.ports.engines import EngineModel
from core.search.hits import verdict
from core.search.scoring import Scored
from core.search.searcher import Searcher
from core.store.catalog_store import CatalogStore
from tests.core.pipeline.small import bench
from tests.core.search.searches import search
from tests.core.store.damaged import cut_manifests


@pytest.mark.parametrize(
    "text", ["😀", "chair " * 2000, "' OR 1=1 --", 'title:"x" AND (', "\x00", "in a the"]
)
def test_any_text_is_a_query(shop, text):
    assert search(shop, Query(text, cutoff=False)).hits


@pytest.mark.parametrize("query", [Query(), Query("  "), Query(minus="chair")])
def test_nothing_to_look_for_is_said(shop, query):
    with pytest.raises(QueryError, match="nothing to look for"):
        search(shop, query)


def test_an_unknown_item_is_said(shop):
    with pytest.raises(QueryError, match="no item “nobody”"):
        search(shop, Query(item_id="nobody"))


def test_vectors_of_other_weights_are_refused(shop):
    other = bench("other weights").models.engines[0]
    with pytest.raises(FingerprintMismatch, match="Index the catalogue"):
        search(shop, Query("chair"), other)


def test_other_weighting_is_another_fingerprint(shop):
    other = EngineModel(replace(shop.clip.engine, text_weight=0.9), shop.clip.encoder)
    with pytest.raises(FingerprintMismatch):
        search(shop, Query("chair"), other)


def test_an_engine_without_vectors_is_said(shop, tmp_path):
    empty = Searcher(CatalogStore(tmp_path / "empty"), shop.photos)
    with pytest.raises(CatalogError, match="Nothing is embedded"):
        empty.search(Query("chair"), shop.clip)


def test_it_answers_while_the_first_indexing_is_under_way(shop, tmp_path):
    store = CatalogStore(tmp_path / "young")
    table = store.vectors("clip")
    table.prepare(shop.clip.fingerprint, 32, 0.25)
    young = Searcher(store, shop.photos)
    assert young.search(Query("chair"), shop.clip).hits == ()
    rows = shop.store.vectors("clip").get(["id-000", "id-001", "id-002", "id-003"])
    table.upsert(list(rows.values()))
    store.items.upsert(list(shop.store.items.records(rows).values()))
    assert len(young.search(Query("chair"), shop.clip).hits) == 4


def test_damaged_statistics_stop_no_search(shop, tmp_path):
    shutil.copytree(shop.store.root, tmp_path / "shop")
    cut_manifests(tmp_path / "shop" / "lance" / "statistics.lance")
    searcher = Searcher(CatalogStore(tmp_path / "shop"), shop.photos)
    assert searcher.search(Query("red chair"), shop.clip).hits


def test_an_item_without_vectors_or_without_anything_is_said(shop, tmp_path):
    store = CatalogStore(tmp_path / "young")
    store.vectors("clip").prepare(shop.clip.fingerprint, 32, 0.25)
    store.items.upsert(list(shop.store.items.records(["id-003"]).values()))
    searcher = Searcher(store, shop.photos)
    with pytest.raises(QueryError, match="The item “id-003” is not embedded yet"):
        searcher.search(Query(item_id="id-003"), shop.clip)
    with pytest.raises(QueryError, match="no item “never” in the catalogue “young”"):
        searcher.search(Query(item_id="never"), shop.clip)


def test_a_verdict_names_up_to_three_words_that_nobody_has():
    def said(close=False, unknown=(), candidates=(1,)):
        return verdict(Scored(list(candidates), close, unknown))

    assert said(close=True) == ""
    assert said() == "No close match. These are the nearest items."
    assert said(candidates=()) == "No close match."
    assert said(unknown=("blorp",)) == (
        "No close match: “blorp” is a word that this catalogue does not have."
    )
    assert said(unknown=("a", "b", "c", "x" * 50)) == (
        "No close match: “a”, “b”, “c” are words that this catalogue does not have."
    )
    assert f"“{'x' * 40}”" in said(unknown=("x" * 50,))


def test_nonsense_has_no_close_match(shop):
    result = search(shop, Query("blorptangle qwertyuiop"))
    assert not result.close
    assert result.hits == ()
    assert "“blorptangle”" in result.verdict
    assert search(shop, Query("blorptangle", cutoff=False)).hits
