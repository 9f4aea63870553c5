from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.domain import Item, Photo, Rewrite, Stage
from core.store.catalog_store import CatalogStore

ITEM = Item("i-1", "Chair", Photo("a" * 64, 10, 10, "0" * 16))


@pytest.fixture
def store(tmp_path):
    return CatalogStore(tmp_path / "shop")


def correct(store, text, item=ITEM, author="ada"):
    value = Rewrite(text, (), "a person", "") if text else None
    return store.corrections.correct(Stage.REWRITE, item, store.rewrites, value, author)


def test_the_latest_stands_and_all_are_remembered(store):
    correct(store, "first")
    correct(store, "second", author="bob")
    standing = store.corrections.standing().of(Stage.REWRITE, "i-1", "a" * 64)
    assert store.rewrites.get([standing.key])[standing.key].text == "second"
    assert [event.author for event in store.corrections.history("i-1")] == ["ada", "bob"]


def test_nothing_gives_the_item_back(store):
    correct(store, "first")
    correct(store, None)
    assert not store.corrections.standing().standing
    assert len(store.corrections.history("i-1")) == 2


def test_it_belongs_to_the_photo_and_the_stage(store):
    correct(store, "first")
    standing = CatalogStore(store.root).corrections.standing()
    assert standing.of(Stage.REWRITE, "i-1", "b" * 64) is None
    assert standing.of(Stage.GROUNDING, "i-1", "a" * 64) is None


def test_two_at_once_lose_nothing(store):
    items = [replace(ITEM, item_id=f"i-{n}") for n in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda item: correct(store, "x", item), items))
    assert len(store.corrections.standing().standing) == 12
