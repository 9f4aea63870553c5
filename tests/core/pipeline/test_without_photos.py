"""Catalogues of words alone: the photo's column is left empty by choice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.base.image_views import mixed
from core.catalog.ingest import ingest
from core.domain import NO_PHOTO, QuarantinedRow, Query
from core.errors import CatalogError
from core.pipeline.indexer import run_index
from core.ports.engines import EngineModel, IndexingModels
from core.search.searcher import Searcher
from core.settings import Settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import bench

ROWS = "item_id,title,description\na,red chair,Of wood.\nb,blue chair,\nc,red lamp,Tall.\nd,,x\n"


def indexed(folder: Path, text: str = ROWS):
    source = folder / "words.csv"
    source.write_text(text)
    store, small = CatalogStore(folder / "shop"), bench()
    photos = ImageStore(store.root / "images")

    def rows(stored):
        return ingest(
            source, columns={"image": ""}, store=photos, settings=Settings(threads=1),
            known_rows=stored,
        )  # fmt: skip

    return store, photos, small, run_index(store, photos, small.models, rows)


def test_items_are_stored_with_the_vectors_of_their_words(tmp_path: Path) -> None:
    store, photos, small, report = indexed(tmp_path)
    assert report.quarantined == (QuarantinedRow(4, "d", "title", "The row has no title."),)
    assert (report.items, small.encoder.pictures, small.grounder.calls) == (3, 0, 0)
    item = store.item("a")
    assert (item.photo, item.has_photo, item.photos) == (NO_PHOTO, False, ())
    plain = store.vectors("clip").get(["a"])["a"]
    assert np.array_equal(plain.text_vector, small.encoder.encode_texts(["red chair"])[0])
    # Its words stand for its picture too, so "similar items" has something to go by.
    assert np.array_equal(plain.image_vector, plain.text_vector)
    assert np.allclose(plain.vector, plain.text_vector, atol=1e-6)
    rewritten = store.vectors("vl-clip").get(["a"])["a"]
    words = store.items.records(["a"])["a"].rewrite
    assert words == "a chair called red chair"
    assert np.array_equal(rewritten.text_vector, small.encoder.encode_texts([words])[0])
    assert not any(photos.root.rglob("*")) if photos.root.exists() else True


def test_a_second_run_costs_nothing_and_a_search_finds_them(tmp_path: Path) -> None:
    indexed(tmp_path)
    store, photos, small, report = indexed(tmp_path)
    assert (report.unchanged, report.per_stage) == (3, {})
    searcher = Searcher(store, photos)
    for model in small.models.engines:
        hits = searcher.search(Query(text="red lamp", k=3, cutoff=False), model).hits
        # Without photos none looks like another, so none is folded under another.
        assert hits[0].item.item_id == "c"
        assert len(hits) == 3
        assert not any(phrase.startswith("photo") for hit in hits for phrase in hit.reasons)
    alike = Query(item_id="a", k=3, cutoff=False)
    (similar, *_) = searcher.search(alike, small.models.engines[0]).hits
    assert similar.item.item_id in ("b", "c")


def test_a_file_without_a_photo_column_says_that_it_may_be_left_empty(tmp_path: Path) -> None:
    source = tmp_path / "words.csv"
    source.write_text(ROWS)
    with pytest.raises(CatalogError, match=r"--column image= \(nothing behind the sign\)"):
        ingest(source, store=ImageStore(tmp_path / "i"), settings=Settings())


def test_the_title_is_mixed_in_where_there_is_no_photo(tmp_path: Path) -> None:
    store, photos, small, _ = indexed(tmp_path)
    before = store.vectors("vl-clip").get(["a"])["a"]
    clip, vl_clip = small.models.engines
    recipe = replace(vl_clip.engine, title_share_without_photo=0.75)
    models = IndexingModels(
        (clip, EngineModel(recipe, small.encoder)), small.grounder, small.models.rewriter
    )
    source = tmp_path / "words.csv"

    def rows(stored):
        return ingest(
            source, columns={"image": ""}, store=photos, settings=Settings(threads=1),
            known_rows=stored,
        )  # fmt: skip

    report = run_index(store, photos, models, rows)
    assert report.per_stage == {"embedding": 3}  # of one engine: the vectors of the rule before
    record = store.items.records(["a"])["a"]
    texts = small.encoder.encode_texts([record.rewrite, record.item.title])
    row = store.vectors("vl-clip").get(["a"])["a"]
    assert np.allclose(row.text_vector, mixed(texts[:1], texts[1:], 0.75)[0], atol=1e-6)
    assert np.array_equal(row.image_vector, row.text_vector)
    assert not np.allclose(row.text_vector, before.text_vector, atol=1e-3)
