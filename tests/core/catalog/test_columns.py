from __future__ import annotations

import pytest

from core.catalog.columns import guess_columns, normalise
from core.catalog.demo import demo_items_path
from core.catalog.readers import open_catalog
from core.errors import CatalogError


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("baseColour", "base_colour"),
        ("Image URL", "image_url"),
        ("imageURL", "image_url"),
        ("productDisplayName", "product_display_name"),
        ("item-id", "item_id"),
        ("_Price_", "price"),
    ],
)
def test_normalise(name, plain):
    assert normalise(name) == plain


def guess(text):
    return guess_columns(text.split())


def mapped(text):
    columns = guess(text)
    names = {kind: getattr(columns, kind) for kind in ("item_id", "title", "product_type")}
    names |= {kind: getattr(columns, kind) for kind in ("department", "image", "group", "price")}
    return {kind: column for kind, column in names.items() if column} | dict(columns.attributes)


def test_fashion_catalogue():
    assert mapped(
        "item_id title description category master_category article_type colour usage photo_md5 "
        "image"
    ) == {
        "item_id": "item_id",
        "title": "title",
        "product_type": "article_type",
        "department": "master_category",
        "image": "image",
        "colour": "colour",
        "category": "category",
        "usage": "usage",
    }


def test_fashion_catalogue_in_camel_case():
    assert mapped(
        "id gender masterCategory subCategory articleType baseColour productDisplayName filename"
    ) == {
        "item_id": "id",
        "title": "productDisplayName",
        "product_type": "articleType",
        "department": "masterCategory",
        "image": "filename",
        "colour": "baseColour",
        "gender": "gender",
        "sub_category": "subCategory",
    }


def test_home_catalogue():
    columns = guess("item_id title description category color size photo_md5 image")
    assert (columns.product_type, columns.department) == ("category", "")
    assert columns.description == "description"
    assert columns.attributes == {"colour": "color", "size": "size"}


def test_category_path_and_variants():
    columns = guess("item_id parent_id title category category_path color price image")
    assert (columns.product_type, columns.department) == ("category", "category_path")
    assert (columns.group, columns.price) == ("parent_id", "price")


def test_merchant_feed():
    columns = guess(
        "id title description link image_link price brand google_product_category product_type "
        "gender color material item_group_id"
    )
    assert (columns.url, columns.image, columns.group) == ("link", "image_link", "item_group_id")
    assert (columns.product_type, columns.department) == ("product_type", "google_product_category")
    assert set(columns.attributes) == {"brand", "gender", "colour", "material"}


def test_shop_names():
    assert mapped("sku name category image_url parent_id type department") == {
        "item_id": "sku",
        "title": "name",
        "product_type": "category",
        "department": "department",
        "image": "image_url",
        "group": "parent_id",
        "type": "type",
    }


def test_demo_columns():
    header = open_catalog(demo_items_path()).columns
    columns = guess_columns(header)
    plain = (
        "item_id title description product_type department image price group credit licence "
        "licence_url source"
    )
    assert all(getattr(columns, name) == name for name in plain.split())
    assert set(columns.attributes) == {"brand", "colour", "pattern", "material", "shape", "style"}
    assert columns.options == (
        ("option1_name", "option1_value"),
        ("option2_name", "option2_value"),
    )


def test_overrides_win_and_may_share_a_column():
    columns = guess_columns(["id", "category", "photo"], {"title": "category", "image": "id"})
    assert (columns.title, columns.product_type) == ("category", "category")
    assert (columns.item_id, columns.image) == ("id", "id")
    columns = guess_columns(["id", "title", "photo", "tint"], {"colour": "tint", "item_id": ""})
    assert columns.attributes == {"colour": "tint", "id": "id"}
    assert columns.item_id == ""


@pytest.mark.parametrize(
    ("names", "overrides", "match"),
    [
        (["sku", "weight", "photo"], {}, r"title.*sku, weight, photo.*--column title="),
        (["sku", "name"], {}, r"image.*sku, name.*--column image="),
        (["name", "photo"], {"title": "nome"}, r"no column “nome”.*name, photo"),
        (["name", "photo"], {"titel": "name"}, r"“titel” is not a field.*title"),
        (["name", "photo"], {"title": ""}, r"No column was found for the title"),
    ],
)
def test_errors_say_what_to_do(names, overrides, match):
    with pytest.raises(CatalogError, match=match):
        guess_columns(names, overrides)
