"""How often words stand in a catalogue, and which language most items are in."""

from __future__ import annotations

import pytest

from core.domain import Item, Photo
from core.search import word_counts as module
from core.search.word_counts import WordCounts
from core.search.word_match import rarity
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord

PHOTO = Photo("a" * 64, 1, 1, "0" * 16)


def store_of(tmp_path, *titles):
    store = CatalogStore(tmp_path)
    add(store, *titles)
    return store


def add(store, *titles):
    start = store.items.count()
    records = [ItemRecord(Item(f"{n}", t, PHOTO), "k") for n, t in enumerate(titles, start)]
    store.items.upsert(records)


def test_a_word_counts_once_per_item_by_its_stem(tmp_path):
    counts = WordCounts(store_of(tmp_path, "Lamp lamps", "Lamps in red", "Red rug", "The sofa"))
    expected = rarity({"lamp": 2, "red": 2, "rug": 1}, 4, ["lamp", "rug", "the"])
    assert counts.rarity(["lamps", "rugs", "the"]) == expected
    assert counts.have(["lamp", "RUG".lower()])
    assert not counts.have(["lamp", "chair"])
    assert not counts.have(["lampe"])  # French, though it has the stem of "lamp"
    assert not counts.have(["the"])
    assert counts.have([])


def test_words_are_counted_again_when_items_change_and_else_once(tmp_path, monkeypatch):
    store = store_of(tmp_path, "Lamp")
    counts, asked, sample = WordCounts(store), [], store.items.sample_words
    monkeypatch.setattr(store.items, "sample_words", lambda n: asked.append(n) or sample(n))
    assert counts.have(["lamp"])
    assert not counts.have(["rug"])
    assert asked == [module.SAMPLE]
    add(store, "Rug")
    assert counts.have(["rug"])
    assert asked == [module.SAMPLE] * 2


GERMAN = "Ein schöner roter Sessel mit hölzernen Beinen für das Wohnzimmer"
ENGLISH = "A beautiful red armchair with wooden legs for the living room"


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        ([], "en"),
        ([GERMAN] * 2 + [ENGLISH], "de"),
        ([GERMAN] + [ENGLISH] * 2, "en"),
        ([ENGLISH] * 400 + [GERMAN] * 600, "de"),
        ([GERMAN + " " * 400 + ENGLISH * 9], "de"),
        ([ENGLISH[:50] + GERMAN * 9], "de"),
    ],
)
def test_most_items_tell_the_language_of_a_catalogue(texts, language):
    assert module._language(texts) == language


@pytest.mark.parametrize(("items", "read"), [(1, 1), (59, 59), (60, 60), (119, 119), (120, 60)])
def test_some_sixty_items_are_read_and_only_their_beginnings(monkeypatch, items, read):
    seen = []
    monkeypatch.setattr(module, "language_of", lambda text: (seen.append(text) or "xx", 1.0))
    assert module._language([f"{n}" + "x" * 500 for n in range(items)]) == "xx"
    assert len(seen) == read
    assert {len(text) for text in seen} == {400}


def test_the_language_of_a_catalogue_is_that_of_its_items(tmp_path):
    assert WordCounts(store_of(tmp_path, GERMAN, GERMAN, ENGLISH)).language == "de"
