import pytest

from core.store.catalog_store import CatalogStore
from core.store.meta import CatalogMeta, columns_text


def test_round_trip_and_empty(tmp_path):
    store = CatalogStore(tmp_path)
    assert store.meta.read() == CatalogMeta()
    store.meta.write(CatalogMeta("Demo", "items.csv", "2026-11-22T12:00:00+00:00"))
    store.meta.write(CatalogMeta("Demo 2", "items.csv", ""))
    assert CatalogStore(tmp_path).meta.read() == CatalogMeta("Demo 2", "items.csv", "")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("", {}), ("{", {}), ("[1]", {}), ("5", {}), ('{"title": "Name", "price": 5}',
                                                  {"title": "Name", "price": "5"})],
)  # fmt: skip
def test_chosen_columns_are_read_and_a_broken_text_is_none(text, chosen):
    assert CatalogMeta(columns=text).chosen_columns == chosen


def test_chosen_columns_are_one_text_whatever_their_order():
    assert columns_text({"b": "Größe", "a": ""}) == '{"a": "", "b": "Größe"}'
    assert columns_text({}) == ""


def test_all_facts_are_kept(tmp_path):
    meta = CatalogMeta("t", "s", "u", "clip", "ada", "{}")
    CatalogStore(tmp_path).meta.write(meta)
    assert CatalogStore(tmp_path).meta.read() == meta
