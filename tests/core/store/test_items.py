from types import SimpleNamespace

import pytest
from lancedb.index import FTS

from core.base.stop_words import stop_words
from core.domain import Filters, Item, Photo, Variant
from core.store.catalog_store import CatalogStore
from core.store.database import one_of
from core.store.items import (
    SCHEMA,
    ItemRecord,
    ItemWords,
    WordMatch,
    _is_current,
    searchable_words,
)


def item(item_id, title, **more):
    return Item(item_id, title, Photo("ab" * 32, 30, 20, "0f" * 8), **more)


@pytest.fixture
def items(tmp_path):
    return CatalogStore(tmp_path).items


def test_item_round_trip(items):
    stored = item(
        "o'neill", "Stuhl 🪑", description="d", product_type="chair", department="home",
        price="12,50 €", group="g", url="https://example.org", credit="c", licence="CC0",
        licence_url="u", source="s", attributes={"colour": "red", "size": "L"},
    )  # fmt: skip
    items.upsert([ItemRecord(stored, "row key", "a red chair", "rewrite key")])
    assert items.get(["o'neill", "nobody"]) == {"o'neill": stored}
    assert items.records()["o'neill"] == ItemRecord(stored, "row key", "a red chair", "rewrite key")


def test_upsert_replaces(items):
    items.upsert([ItemRecord(item("1", "old"), "a"), ItemRecord(item("2", "two"), "a")])
    items.upsert([ItemRecord(item("1", "new"), "b")])
    assert items.count() == 2
    assert items.get(["1"])["1"].title == "new"


def test_words_are_found_and_follow_changes(items):
    items.index_words()
    items.upsert([ItemRecord(item("1", "Wooden chairs"), "a"), ItemRecord(item("2", "Lamp"), "a")])
    assert [match.item_id for match in items.match("chair", 5)] == ["1"]
    items.upsert([ItemRecord(item("2", "Lamp"), "a", rewrite="lamp beside a chair")])
    assert {match.item_id for match in items.match("chair lamp", 5)} == {"1", "2"}
    assert [match.item_id for match in items.match("chair lamp", 5, every=True)] == ["2"]


def test_words_of_every_script_are_found_and_stop_words_count_for_nothing(items):
    titles = {
        "hi": "बिना हत्थे की लाल लकड़ी की कुर्सी", "th": "เก้าอี้ไม้สีแดงไม่มีที่วางแขน",
        "ja": "肘掛けなしの赤い木の椅子", "zh": "红色无扶手木椅", "ko": "빨간 나무 의자",
        "fr": "Portrait de Jeanne de France", "en": "Fake fur coat",
    }  # fmt: skip
    items.index_words()
    items.upsert([ItemRecord(item(name, title), "a") for name, title in titles.items()])
    queries = {
        "कुर्सी": ["hi"], "สีแดง": ["th"], "赤い椅子": ["ja"], "木椅": ["zh"], "의자": ["ko"],
        "silla de madera": [], "की": [], "für": [], "fur": ["en"],
    }  # fmt: skip
    matched = {query: [match.item_id for match in items.match(query, 5)] for query in queries}
    assert matched == queries


def test_an_index_by_earlier_rules_is_made_anew(items):
    items.upsert([ItemRecord(item("ja", "赤い木の椅子"), "a")])
    items.table.create_index("words", config=FTS())
    assert items.match("椅子", 5) == []
    items.index_words()
    assert [match.item_id for match in items.match("椅子", 5)] == ["ja"]
    (index,) = items.table.list_indices()
    items.index_words()
    assert items.table.list_indices()[0].index_uuid == index.index_uuid


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "😀",
        "\x00",
        "' OR 1=1 --",
        'title:"chair" AND (a OR',
        "*",
        "chair~2^3",
        "x " * 5000,
    ],
)
def test_any_text_is_only_text(items, text):
    items.index_words()
    items.upsert([ItemRecord(item("1", "sofa"), "a")])
    assert items.match(text, 5) == []


def test_ids_follow_filters(items):
    for number, (department, kind) in enumerate([("home", "chair"), ("art", "oil"), ("home", "")]):
        new = item(str(number), "t", department=department, product_type=kind)
        items.upsert([ItemRecord(new, "a")])
    assert items.ids() == ["0", "1", "2"]
    assert items.ids(Filters(departments=("home",))) == ["0", "2"]


def test_a_group_has_its_own_items_only_sorted_and_no_more_than_asked_for(items):
    groups = {"3": "a", "1": "a", "2": "b", "4": "", "5": "a"}
    items.upsert([ItemRecord(item(name, "t", group=group), "k") for name, group in groups.items()])
    assert [variant.item_id for variant in items.of_group("a", 10)] == ["1", "3", "5"]
    assert len(items.of_group("a", 2)) == 2
    assert items.of_group("c", 10) == []


def test_further_photos_and_variants(items):
    variant = Variant("S-R", {"Colour": "red"}, "12 €", "cd" * 32)
    stored = item(
        "1", "Stool", more_photos=(Photo("cd" * 32, 9, 8, "00" * 8),),
        photo_links=("https://x.example/b.jpg",), variants=(variant, Variant()),
    )  # fmt: skip
    items.upsert([ItemRecord(stored, "a"), ItemRecord(item("2", "Lamp"), "b")])
    assert items.get(["1", "2"]) == {"1": stored, "2": item("2", "Lamp")}
    assert items.records()["1"].item.photos == (stored.photo, *stored.more_photos)


def test_a_table_of_an_earlier_version_is_read_and_added_to(tmp_path):
    store = CatalogStore(tmp_path)
    old = SCHEMA.remove(SCHEMA.get_field_index("more"))
    table = store.database.create_table("items", schema=old)
    row = dict.fromkeys(old.names, "") | {"attributes": "{}", "item_id": "1", "title": "Old"}
    row |= {"photo_width": 1, "photo_height": 1}
    table.add([row])
    assert store.items.get(["1"])["1"].variants == ()
    assert store.items.records()["1"].item.title == "Old"
    new = item("2", "New", variants=(Variant("a"),))
    store.items.upsert([ItemRecord(new, "k")])
    assert store.items.get(["1", "2"])["2"] == new
    assert CatalogStore(tmp_path).items.get(["1"])["1"].title == "Old"


def test_the_words_of_an_item_are_those_that_search_looks_in():
    stored = item("1", "Title", description="Description", product_type="Type",
                  department="Department", attributes={"colour": "red", "size": ""})  # fmt: skip
    assert searchable_words(stored, "Rewrite") == (
        "Title\nType\nDepartment\nred\nRewrite\nDescription"
    )
    assert searchable_words(item("1", "Title"), "") == "Title"


def test_texts_are_told_apart_for_comparison(items):
    stored = item("1", "Lamp", description="A lamp.", product_type="lamp",
                  attributes={"colour": "red"})  # fmt: skip
    items.upsert([ItemRecord(stored, "k", "a red lamp"), ItemRecord(item("2", "Rug"), "k")])
    words = "Lamp\nlamp\nred\na red lamp"
    assert items.texts(["1", "2", "never"]) == {
        "1": ItemWords("Lamp", "lamp", f"{words}\n", "A lamp.", "red", "ab" * 32),
        "2": ItemWords("Rug", "", "Rug", "", "", "ab" * 32),
    }  # fmt: skip
    assert items.texts([]) == {}


def test_labels_are_department_and_type(items):
    items.upsert([ItemRecord(item("1", "t", department="home", product_type="chair"), "k"),
                  ItemRecord(item("2", "t"), "k")])  # fmt: skip
    assert items.labels() == {"1": ("home", "chair"), "2": ("", "")}


def test_records_are_read_by_id_or_all(items):
    first, second = ItemRecord(item("1", "a"), "k1", "r1", "rk1"), ItemRecord(item("2", "b"), "k2")
    items.upsert([first, second])
    assert items.records() == {"1": first, "2": second}
    assert items.records(["1", "never"]) == {"1": first}
    assert items.records([]) == {}
    before = items.version
    items.delete(["1", "never"])
    assert items.records() == {"2": second}
    assert items.version > before


def test_matches_come_best_first_with_all_that_search_needs(items):
    items.index_words()
    both = Item("c", "Red lamp", Photo("ab" * 32, 3, 2, "1" * 16))
    items.upsert([ItemRecord(item("b", "Lamp"), "k"), ItemRecord(item("a", "Lamp"), "k"),
                  ItemRecord(both, "k"), ItemRecord(item("d", "Rug"), "k")])  # fmt: skip
    assert items.match("red lamp", 9) == [
        WordMatch("c", "1" * 16, "Red lamp"), WordMatch("a", "0f" * 8, "Lamp"),
        WordMatch("b", "0f" * 8, "Lamp"),
    ]  # fmt: skip
    assert len(items.match("red lamp", 2)) == 2
    only = items.match("red lamp", 9, one_of("item_id", ["b", "d"]))
    assert [match.item_id for match in only] == ["b"]


@pytest.mark.parametrize(("most", "taken"), [(9, "abcde"), (5, "abcde"), (2, "ac"), (3, "abd")])
def test_a_sample_of_words_is_spread_evenly(items, most, taken):
    assert items.sample_words(most) == []
    for name in "abcde":
        items.upsert([ItemRecord(item(name, name), "k")])
    assert sorted(items.sample_words(most)) == list(taken)


def test_the_columns_of_an_item_hold_texts_as_they_are(items):
    stored = item("1", "t", attributes={"b": "ü", "a": "x"})
    items.upsert([ItemRecord(stored, "k")])
    (row,) = items.table.to_arrow().to_pylist()
    assert row["attributes"] == '{"a": "x", "b": "ü"}'
    assert (row["photo_width"], row["photo_height"], row["phash"]) == (30, 20, "0f" * 8)
    assert (row["row_key"], row["rewrite"], row["rewrite_key"], row["more"]) == ("k", "", "", None)
    items.table.update(where="item_id = '1'", values={"attributes": '{"n": 5}'})
    assert items.get(["1"])["1"].attributes == {"n": "5"}


def test_an_index_by_today_s_rules_is_told_from_others():
    def index(columns=("words",), details=None):
        return SimpleNamespace(columns=list(columns), index_details=details)

    mine = {"base_tokenizer": "icu/split", "custom_stop_words": sorted(stop_words())}
    assert _is_current(index(details=mine))
    assert not _is_current(index(("item_id",), mine))
    assert not _is_current(index(details=mine | {"base_tokenizer": "simple"}))
    assert not _is_current(index(details=mine | {"custom_stop_words": ["a"]}))
    assert not _is_current(index())
    assert not _is_current(SimpleNamespace(columns=["words"]))
