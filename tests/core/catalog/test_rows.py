from __future__ import annotations

import pytest

from core.catalog.columns import guess_columns
from core.catalog.rows import Rejected, read_row

PHOTO = b"photo"


def draft(row, **overrides):
    row = {"id": "1", "title": "Chair", "image": PHOTO} | row
    folder = overrides.pop("folder", None)
    return read_row(row, guess_columns(list(row), overrides), folder, salt="1024")


def test_words_are_cleaned_and_cut():
    taken = draft(
        {
            "id": " a/b?c ",
            "title": "Cafe\u0301\x00 \n chair" + "r" * 600,
            "description": "x" * 30_000,
            "category": "c" * 500,
            "price": 34.0,
        }
    )
    assert taken.item_id == "a/b?c"  # ids are data
    assert taken.words["title"].startswith("Café chair")
    assert len(taken.words["title"]) == 500
    assert len(taken.words["description"]) == 20_000
    assert len(taken.words["product_type"]) == 120
    assert taken.words["price"] == "34"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \u200b\t"}, "title"),
        ({"title": float("nan")}, "title"),
        ({"title": "NaN"}, "title"),
        ({"title": None}, "title"),
        ({"image": b""}, "image"),
        ({"image": None}, "image"),
    ],
)
def test_rejected(tmp_path, row, field):
    with pytest.raises(Rejected) as caught:
        draft(row, folder=tmp_path)
    assert caught.value.field == field
    assert str(caught.value).endswith(".")


def test_attributes():
    taken = draft(
        {
            "Color": "Red",
            "size": ["S", "M"],
            "photo_md5": "abc",
            "width": 256,
            "story": "long " * 100,
            "brand": None,
            "attributes": '{"Pattern": "Solid", "color": "ignored", "n": 3, "x": {"y": 1}}',
            "dims": {"depth": 40},
        }
    )
    assert taken.attributes == {
        "colour": "Red",
        "size": "S, M",
        "pattern": "Solid",
        "n": "3",
        "depth": "40",
    }


def test_width_is_a_fact_where_the_photo_is_a_file(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"a")
    row = {"image": "a.jpg", "width": "80 cm"}
    assert draft(row, folder=tmp_path.resolve()).attributes == {"width": "80 cm"}


@pytest.mark.parametrize(
    ("column", "value", "department", "product_type"),
    [
        ("category_path", "Men/Tops/Tees", "Men", "Tees"),
        ("breadcrumbs", "Home > Living > Sofas", "Home", ""),
        ("department", "Home/Garden", "Home/Garden", ""),
        ("department", "Home > Garden", "Home", ""),
        ("product_type", "Home > Garden > Chairs", "", "Chairs"),
    ],
)
def test_paths_of_categories(column, value, department, product_type):
    words = draft({column: value}).words
    if column == "category_path":  # the only column there is serves as product type
        assert words["product_type"] == product_type
    else:
        assert (words["department"], words["product_type"]) == (department, product_type)


def test_path_beside_a_category_gives_the_department():
    words = draft({"category": "Tees", "category_path": "Men/Tops/Tees"}).words
    assert (words["department"], words["product_type"]) == ("Men", "Tees")


def test_only_web_links_become_urls():
    assert draft({"url": "javascript:alert(1)"}).words["url"] == ""
    assert draft({"url": "https://shop.example/1"}).words["url"] == "https://shop.example/1"


def test_key_changes_with_what_matters_only():
    base = draft({"note": "a", "photo_md5": "1"})
    assert draft({"note": "a", "photo_md5": "2"}).row_key == base.row_key
    for change in ({"note": "b"}, {"title": "Sofa"}, {"image": b"other"}, {"id": "2"}):
        assert draft({"note": "a"} | change).row_key != base.row_key


def test_row_without_id_gets_a_stable_one(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"a")
    columns = guess_columns(["name", "photo", "price"])

    def taken(**row):
        return read_row(row, columns, tmp_path.resolve(), salt="1024")

    first = taken(name="Chair", photo="a.jpg", price="1")
    assert len(first.item_id) == 16
    assert taken(name="Chair", photo="a.jpg", price="2").item_id == first.item_id
    (tmp_path / "a.jpg").write_bytes(b"changed")
    again = taken(name="Chair", photo="a.jpg", price="1")
    assert again.item_id == first.item_id
    assert again.row_key != first.row_key
    assert taken(name="Sofa", photo="a.jpg", price="1").item_id != first.item_id
