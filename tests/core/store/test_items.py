import pytest
from lancedb.index import FTS

from core.domain import Filters, Item, Photo, Variant
from core.store.catalog_store import CatalogStore
from core.store.items import SCHEMA, ItemRecord


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
