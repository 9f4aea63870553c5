from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.base.content_key import content_key
from core.domain import Correction, Item, Photo, Rewrite, RewriteRun, Stage
from core.errors import NotSaved
from core.store.catalog_store import CatalogStore
from core.store.corrections import CorrectionTable

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


def test_an_event_says_who_changed_what_and_when(store):
    before = datetime.now(UTC)
    value = Rewrite("new", (), "a person", "")
    event = store.corrections.correct(Stage.REWRITE, ITEM, store.rewrites, value, "ada", "colour")
    assert before <= event.at <= datetime.now(UTC)
    assert event == Correction(
        event.event_id, Stage.REWRITE, "i-1", "a" * 64,
        content_key("correction", event.event_id), "ada", "colour", event.at,
    )  # fmt: skip
    assert len(event.event_id) == 32
    assert CatalogStore(store.root).corrections.history("i-1") == (event,)
    assert store.rewrites.get([event.key]) == {event.key: value}
    withdrawn = store.corrections.correct(Stage.REWRITE, ITEM, store.rewrites, None, "bob")
    assert (withdrawn.key, withdrawn.note) == ("", "")
    assert store.corrections.history("i-1") == (event, withdrawn)
    assert store.corrections.history("i-2") == ()
    assert store.rewrites.keys() == {event.key}


def test_stages_items_and_photos_are_corrected_apart(store):
    other = replace(ITEM, photo=Photo("b" * 64, 1, 1, "0" * 16))
    first, second = correct(store, "first"), correct(store, "second", other)
    third = correct(store, "third", replace(ITEM, item_id="i-2"))
    standing = store.corrections.standing().standing
    assert standing == {
        (Stage.REWRITE, "i-1", "a" * 64): first, (Stage.REWRITE, "i-1", "b" * 64): second,
        (Stage.REWRITE, "i-2", "a" * 64): third,
    }  # fmt: skip
    correct(store, None, other)
    assert set(store.corrections.standing().standing.values()) == {first, third}


def test_what_stands_is_read_again_after_a_correction_or_a_run_only(store, monkeypatch):
    correct(store, "first")
    standing = store.corrections.standing()
    assert store.corrections.standing() is standing
    assert standing.agent == {}
    other = CatalogStore(store.root)
    event = correct(other, "second")
    assert store.corrections.standing().of(Stage.REWRITE, "i-1", "a" * 64) == event
    kept = store.corrections.standing()
    run = RewriteRun("r", "2026", "i-1", "inputs", "key", "m", "p", "h", None)
    other.rewrite_runs.add([run])
    assert store.corrections.standing().agent == {"i-1": ("inputs", "key")}
    assert store.corrections.standing().standing == kept.standing
    alone = CorrectionTable(store.database)
    assert alone.standing().agent == {}
    assert alone.standing() is alone.standing()


def test_a_correction_that_can_not_be_saved_is_said(store, monkeypatch):
    def full():
        raise OSError(28, "x")

    monkeypatch.setattr(store.corrections._flusher, "flush", full)
    with pytest.raises(NotSaved, match="The correction could not be saved: the disk is full"):
        correct(store, "first")
