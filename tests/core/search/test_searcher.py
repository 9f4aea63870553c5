from dataclasses import replace

import numpy as np
import pytest

from core.domain import Box, Filters, Item, Photo, Query
from core.errors import QueryError
from core.ports.engines import EngineModel
from core.search.relevance import reasons
from core.search.searcher import Searcher
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from core.store.items import ItemRecord
from tests.core.pipeline.small import HashingEncoder
from tests.core.search.searches import ids, photo, search


class Reader(HashingEncoder):
    """Notes how much it was given to read."""

    most = 0

    def encode_texts(self, texts):
        self.most = max(self.most, *map(len, texts))
        return super().encode_texts(texts)


def test_an_encoder_reads_no_megabytes(shop):
    encoder = Reader("clip")
    encoder.fingerprint = shop.clip.encoder.fingerprint
    model = EngineModel(shop.clip.engine, encoder)
    assert search(shop, Query("lamp " * 200_000, minus=" sofa" * 200_000), model).hits
    assert 1_000 < encoder.most < 10_000


def test_words_find_by_vector_and_by_text(shop):
    result = search(shop, Query("olive lamp 29"))
    assert "id-029" in ids(result)[:3]
    assert [hit.rank for hit in result.hits] == list(range(1, len(result.hits) + 1))
    best = next(hit for hit in result.hits if hit.item.item_id == "id-029")
    assert "words: strong match (olive, lamp, 29)" in best.reasons
    assert best.words.strength == "strong"
    assert best.photo.strength in ("strong", "fair", "weak")
    assert 0 < best.probability < 1
    assert result.engine == "clip"
    assert result.fingerprint == shop.clip.fingerprint
    assert result.encode_ms > 0
    assert result.search_ms > 0


def test_reported_cosine_and_zscore_are_those_of_the_stored_vectors(shop):
    table = shop.store.vectors("clip")
    query = shop.clip.encoder.encode_texts(["purple sofa"])[0]
    cosines = table.matrix() @ query
    for hit in search(shop, Query("purple sofa", cutoff=False)).hits:
        cosine = float(table.get([hit.item.item_id])[hit.item.item_id].vector @ query)
        assert hit.cosine == pytest.approx(cosine, abs=1e-5)
        assert hit.zscore == pytest.approx((cosine - cosines.mean()) / cosines.std(), abs=1e-3)


def test_a_picture_finds_its_item(shop):
    assert ids(search(shop, Query(image=photo(shop, "id-017"))))[0] == "id-017"


def test_a_region_is_cut_out_before_it_is_embedded(shop):
    image = photo(shop, "id-017")
    region = Box(30, 20, 66, 52)
    cut = search(shop, Query(image=image.crop(region.as_xyxy()), cutoff=False))
    assert ids(search(shop, Query(image=image, region=region, cutoff=False))) == ids(cut)
    stored = search(shop, Query(item_id="id-017", region=region, cutoff=False))
    assert [name for name in ids(cut) if name != "id-017"][:10] == ids(stored)[:10]
    with pytest.raises(QueryError, match="outside"):
        search(shop, Query(image=image, region=Box(500, 500, 600, 600)))


def test_words_and_picture_are_averaged(shop):
    image = photo(shop, "id-017")
    encoder = shop.clip.encoder
    mean = encoder.encode_texts(["green sofa"])[0] + encoder.encode_images([image])[0]
    expected = shop.store.vectors("clip").nearest(mean / np.linalg.norm(mean), 1)[0]
    result = search(shop, Query("green sofa", image=image, fulltext=False, cutoff=False))
    assert (ids(result)[0], result.hits[0].cosine) == (expected[0], pytest.approx(expected[2]))


def test_minus_moves_away(shop):
    plain = search(shop, Query("red chair", fulltext=False, cutoff=False, k=122))
    less = search(shop, Query("red chair", minus="chair", fulltext=False, cutoff=False, k=122))

    def mean_rank(result):
        return np.mean([hit.rank for hit in result.hits if hit.item.product_type == "chair"])

    assert mean_rank(less) > mean_rank(plain) + 5


def test_filters_hold_for_vectors_and_words(shop):
    filters = Filters(departments=("garden",), product_types=("lamp", "mug"))
    result = search(shop, Query("red chair", filters=filters, cutoff=False))
    assert result.hits
    assert {hit.item.department for hit in result.hits} == {"garden"}
    assert {hit.item.product_type for hit in result.hits} <= {"lamp", "mug"}
    nothing = Filters(departments=("o'clock",))
    assert search(shop, Query("red chair", filters=nothing)).hits == ()


def test_cutoff_hides_and_counts(shop):
    every = search(shop, Query("yellow table 13", cutoff=False, k=100))
    some = search(shop, Query("yellow table 13", k=100))
    assert some.cut > 0
    assert len(some.hits) < len(every.hits)
    assert min(hit.probability for hit in some.hits) > min(hit.probability for hit in every.hits)
    assert "id-013" in ids(some)
    assert some.close


def test_a_colour_that_no_hit_has_is_told(shop):
    sentence = "None of these is known to have the colour that was asked for."
    assert search(shop, Query("black lamp", cutoff=False)).off_colour == sentence
    assert search(shop, Query("red lamp", cutoff=False)).off_colour == ""
    assert search(shop, Query("lamp", cutoff=False)).off_colour == ""
    assert search(shop, Query(item_id="id-001", cutoff=False)).off_colour == ""


def test_words_that_exclude_act_like_the_field_without(shop):
    spoken = search(shop, Query("red lamp without sofa", k=122, cutoff=False))
    field = search(shop, Query("red lamp", minus="sofa", k=122, cutoff=False))
    assert ids(spoken) == ids(field)
    assert spoken.unwanted == "sofa"
    assert field.unwanted == ""
    kinds = [hit.item.product_type for hit in spoken.hits]
    assert "sofa" not in kinds[: kinds.index("sofa")]
    assert set(kinds[kinds.index("sofa") :]) == {"sofa"}  # last, or hidden
    hidden = search(shop, Query("red lamp without sofa", k=100))
    assert "sofa" not in {hit.item.product_type for hit in hidden.hits}


def test_the_noun_outweighs_the_adjectives(shop):
    kinds = [hit.item.product_type for hit in search(shop, Query("red table")).hits[:10]]
    assert kinds.count("table") >= 8


def test_close_hashes_of_photos_that_look_different_fold_nothing(shop, monkeypatch):
    monkeypatch.setattr(
        shop.searcher._looks, "compare", lambda records: lambda first, second: False
    )
    hits = search(shop, Query("blue mug", cutoff=False)).hits
    assert not any(hit.duplicates for hit in hits)


def test_colours_are_read_from_the_catalogue_s_photos(shop):
    item = shop.store.items.get(["id-042"])["id-042"]
    assert shop.searcher._photo_colours.shares(item.photo.sha256)


def test_near_duplicates_are_folded_and_the_page_still_filled(shop):
    folded = search(shop, Query("blue mug", cutoff=False))
    everything = search(shop, Query("blue mug", cutoff=False, fold_duplicates=False, k=122))
    group = [hit for hit in folded.hits if hit.duplicates]
    assert len(group) == 1
    assert {group[0].item.item_id, *group[0].duplicates} == {"id-042", "twin-1", "twin-2"}
    assert len(group[0].duplicates) == 2
    assert len(folded.hits) == 20
    assert {"id-042", "twin-1", "twin-2"} <= set(ids(everything))


def test_a_hit_has_all_that_is_known_of_it(shop):
    query = Query("olive lamp 29", minus="sofa", k=3)
    gathered = shop.searcher.gather(query, shop.clip)
    best = search(shop, query).hits[0]
    (evidence,) = (e for e in gathered.evidence if e.item_id == best.item.item_id)
    record = shop.store.items.records([best.item.item_id])[best.item.item_id]
    assert (best.rank, best.item, best.rewrite) == (1, record.item, record.rewrite)
    assert (best.cosine, best.zscore) == (evidence.cosine, evidence.zscore)
    assert best.rewrite == "a lamp called olive lamp 29"
    assert best.reasons == reasons(best.photo, best.words, evidence.words)
    assert best.duplicates == ()


def test_what_is_gathered_says_how_the_query_was_read(shop):
    gathered = shop.searcher.gather(Query("red lamp without sofa"), shop.clip)
    assert (gathered.kind, gathered.unwanted, gathered.items) == ("words", "sofa", 122)
    assert gathered.words.wanted == "red lamp"
    assert gathered.by_words
    assert (gathered.language, gathered.foreign) == ("", False)
    assert 0 < gathered.encode_ms < 60_000
    plain = shop.searcher.gather(Query("red lamp without sofa", fulltext=False), shop.clip)
    assert (plain.kind, plain.words, plain.unwanted) == ("vector", None, "sofa")
    item = shop.searcher.gather(Query(item_id="id-017"), shop.clip)
    assert (item.kind, item.words, item.unwanted, item.by_words) == ("item", None, "", [])
    assert "id-017" not in {e.item_id for e in item.evidence}


@pytest.mark.parametrize(("k", "candidates"), [(1, 100), (25, 100), (30, 120)])
def test_more_candidates_than_hits_are_looked_at(shop, k, candidates):
    gathered = shop.searcher.gather(Query(image=photo(shop, "id-017"), k=k), shop.clip)
    assert len(gathered.evidence) == candidates


@pytest.mark.parametrize("k", [1, 7, 122])
def test_as_many_hits_as_asked_for(shop, k):
    plain = Query("red chair", cutoff=False, fold_duplicates=False, k=k)
    assert len(search(shop, plain).hits) == k
    assert search(shop, plain).cut == 0


def test_an_item_that_goes_meanwhile_leaves_no_gap(shop, monkeypatch):
    query = Query("red chair", cutoff=False, k=5, fold_duplicates=False)
    before = ids(search(shop, query))
    records = shop.store.items.records
    gone = before[1:3]

    def without(wanted):
        return {name: record for name, record in records(wanted).items() if name not in gone}

    monkeypatch.setattr(shop.store.items, "records", without)
    for folded in (True, False):
        result = search(shop, replace(query, fold_duplicates=folded))
        assert len(result.hits) == 5
        assert not set(gone) & set(ids(result))
        assert [hit.rank for hit in result.hits] == [1, 2, 3, 4, 5]


def test_several_engines_answer_and_items_are_read_once(shop, monkeypatch):
    asked = []
    records = shop.store.items.records
    monkeypatch.setattr(shop.store.items, "records", lambda w: asked.append(w) or records(w))
    query = Query("green table", cutoff=False)
    both = shop.searcher.search_all(query, [shop.clip, shop.vl_clip])
    assert len(asked) == 1
    monkeypatch.undo()
    assert [ids(result) for result in both] == [
        ids(search(shop, query)), ids(search(shop, query, shop.vl_clip)),
    ]  # fmt: skip
    assert shop.searcher.search_all(query, []) == ()


def test_a_picture_is_embedded_once_per_engine_and_content(shop):
    encoder = HashingEncoder("clip")
    encoder.fingerprint = shop.clip.encoder.fingerprint
    model, searcher = EngineModel(shop.clip.engine, encoder), Searcher(shop.store, shop.photos)
    for k in (3, 5):
        searcher.search(Query(image=photo(shop, "id-017"), k=k), model)
    assert encoder.pictures == 1
    searcher.search(Query(image=photo(shop, "id-018")), model)
    assert encoder.pictures == 2


def test_filters_that_need_items_are_asked_for(shop):
    asked = []

    def passing(filters):
        asked.append(filters)
        return ["id-003", "id-004"] if filters.price_to else []

    searcher = Searcher(shop.store, shop.photos, passing)
    cheap = Query("red chair", cutoff=False, filters=Filters(price_to=5.0))
    assert set(ids(searcher.search(cheap, shop.clip))) == {"id-003", "id-004"}
    none = Query("red chair", cutoff=False, filters=Filters(attributes=(("size", "M"),)))
    assert searcher.search(none, shop.clip).hits == ()
    assert asked == [cheap.filters, none.filters]
    garden = Query("red chair", cutoff=False, filters=Filters(departments=("garden",)))
    assert searcher.search(garden, shop.clip).hits
    assert len(asked) == 2
    assert len(shop.searcher.search(cheap, shop.clip).hits) == 20  # nothing tells: all pass


def test_a_query_in_another_language_is_scored_by_vectors(shop):
    class Polyglot(HashingEncoder):
        languages = ("de", "en")

        def language_of(self, text):
            return "de"

        def encode_queries(self, texts, language=""):
            self.read = (*getattr(self, "read", ()), *((text, language) for text in texts))
            return self.encode_texts(texts)

    encoder = Polyglot("clip")
    encoder.fingerprint = shop.clip.encoder.fingerprint
    model = EngineModel(shop.clip.engine, encoder)
    text = "ein schöner blauer Sessel für das Wohnzimmer"
    gathered = shop.searcher.gather(Query(text, cutoff=False), model)
    assert (gathered.language, gathered.foreign) == ("de", True)
    result = shop.searcher.search(Query(text, cutoff=False), model)
    assert result.language == "de"
    assert all(hit.words is None for hit in result.hits)
    assert encoder.read[0] == ("ein schöner Sessel für das Wohnzimmer", "de")


def test_words_alone_find_items_without_a_model(shop):
    best, *_ = shop.searcher.by_words(Query("olive lamp 29"))
    (hit, *_) = search(shop, Query("olive lamp 29")).hits
    assert best == hit.item
    assert len(shop.searcher.by_words(Query("lamp", k=3))) == 3
    mugs = shop.searcher.by_words(Query("blue", filters=Filters(product_types=("mug",)), k=50))
    assert mugs
    assert {item.product_type for item in mugs} == {"mug"}
    for nothing in ("", "  ", "the", "unheardofword", '" OR ('):
        assert shop.searcher.by_words(Query(nothing)) == ()


@pytest.mark.parametrize(
    "query", [Query("lamp without olive", k=50), Query("lamp", minus="olive", k=50)]
)
def test_words_alone_leave_out_what_is_excluded(shop, query):
    assert any("olive" in item.title for item in shop.searcher.by_words(Query("lamp", k=50)))
    kept = shop.searcher.by_words(query)
    assert kept
    assert not any("olive" in item.title for item in kept)
    assert len(shop.searcher.by_words(replace(query, k=3))) == 3


@pytest.mark.parametrize("k", [1, 2, 30])
def test_words_alone_look_behind_everything_that_is_excluded(tmp_path, k):
    store = CatalogStore(tmp_path / "shop")
    photo_of_all = Photo("0" * 64, 10, 10, "0" * 16)
    titles = [f"olive lamp {n}" for n in range(200)]
    titles += ["lamp with a long title that says much of shade, stand, cord, plug, bulb and base"]
    items = [Item(title, title, photo_of_all) for title in titles]
    store.items.upsert([ItemRecord(item, item.item_id) for item in items])
    store.items.index_words()
    searcher = Searcher(store, ImageStore(store.root / "images"))
    assert searcher.by_words(Query("lamp", k=200))[-1].item_id.startswith("olive")  # it is the last
    kept = searcher.by_words(Query("lamp", minus="olive", k=k))
    assert [item.item_id for item in kept] == titles[-1:]
