"""Exports of shop systems and marketplaces: what each does in a way of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.app.dry_run import preview_file
from core.domain.file_preview import FilePreview, SampleItem
from core.errors import CatalogError
from core.settings import Settings

Read = Callable[..., dict[str, SampleItem]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a feed beside a folder of photos; gives its items by the first word of their titles."""
    (tmp_path / "p").mkdir()
    for name in ("a", "b", "c", "MUG-1", "mug-2"):
        (tmp_path / "p" / f"{name}.jpg").write_bytes(name.encode())

    def items(text: str, name: str = "feed.csv") -> dict[str, SampleItem]:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        preview: FilePreview = preview_file(path, Settings(data_dir=tmp_path / "data"))
        assert preview.left_out == ()
        return {sample.title.split()[0]: sample for sample in preview.samples}

    return items


def photos(sample: SampleItem) -> list[str]:
    return [place.rpartition("/")[2] for place in sample.photos]


def test_a_sale_price_counts_only_while_the_row_says_so(read: Read) -> None:
    items = read(
        "SKU,Title,Price,Sale Price,On Sale,Image\n"
        "1,Apron,48,30,No,p/a.jpg\n2,Mug,22,18,Yes,p/b.jpg\n3,Tray,9,7,,p/c.jpg\n"
    )
    assert [items[name].amount for name in ("Apron", "Mug", "Tray")] == [48, 18, 7]


def test_options_with_numbers_in_words_and_a_handle_that_variants_share(read: Read) -> None:
    items = read(
        "id,handle,name,variant_option_one_name,variant_option_one_value,retail_price,image_url\n"
        "1,chair,Green camp chair,Colour,Green,55,p/a.jpg\n"
        "2,chair,Sand camp chair,Colour,Sand,55,p/b.jpg\n"
    )
    assert {item.group for item in items.values()} == {"chair"}
    assert items["Green"].colour == "Green"


def test_photos_named_like_ids_or_codes_need_no_column(read: Read) -> None:
    items = read("Token,Item Name,SKU,Price\nT1,Blue mug,MUG-1,$9\nT2,Red mug,MUG-2,$8\n")
    assert [photos(items[name]) for name in ("Blue", "Red")] == [["MUG-1.jpg"], ["mug-2.jpg"]]
    with pytest.raises(CatalogError, match="No column was found for the image"):
        read("Token,Item Name,SKU\nT1,Blue mug,X-1\n")


def test_pictures_written_out_in_cells(read: Read) -> None:
    picture = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(300)).decode()
    items = read(
        f"default_code,name,image_1920\n1,Desk,{picture}\n2,Lamp,p/b.jpg\n"
        f'3,Rug,"data:image/jpeg;base64,{picture}"\n'
    )
    assert [photos(items[name]) for name in ("Desk", "Lamp", "Rug")] == [
        ["in the file"], ["b.jpg"], ["in the file"]
    ]  # fmt: skip


def test_fields_in_dictionaries_of_any_name(read: Read) -> None:
    product = {
        "productReference": "OR-1",
        "productDescription": {
            "category": "Sessel", "brand": "Nordhem", "productLine": "Vio",
            "attributes": [{"name": "Farbe", "values": ["rot"]}],
        },
        "mediaAssets": [{"type": "IMAGE", "location": "p/a.jpg"}],
        "pricing": {"standardPrice": {"amount": 399.0, "currency": "EUR"}},
        "seller": {"name": "Nobody", "description": "A shop", "image": "p/c.jpg", "brand": "X"},
    }  # fmt: skip
    vio = read(json.dumps([product, product | {"productReference": "OR-2"}]), "otto.json")["Vio"]
    assert (vio.product_type, vio.brand, vio.colour) == ("Sessel", "Nordhem", "rot")
    assert (vio.amount, vio.currency, photos(vio)) == (399, "EUR", ["a.jpg"])


def test_prices_of_variants_in_a_list_of_currencies_and_names_of_the_format(read: Read) -> None:
    variant = {
        "title": "Default variant",
        "sku": "C",
        "prices": [{"amount": 6, "currency_code": "eur"}],
    }
    product = {
        "@id": "/api/products/coaster", "code": "coaster", "title": "Coaster",
        "images": [{"path": "p/c.jpg"}], "variants": [variant],
    }  # fmt: skip
    coaster = read(json.dumps({"products": [product, product | {"code": "x"}]}), "m.json")[
        "Coaster"
    ]
    assert (coaster.amount, coaster.currency.lower()) == (6, "eur")
    assert coaster.item_id in ("coaster", "x")


XML = """<catalog xmlns="http://www.demandware.com/xml/impex/catalog/2006-10-31">
<product product-id="P-1"><display-name xml:lang="fr">Imper</display-name>
<display-name xml:lang="x-default">Trench coat</display-name>
<images><image-group view-type="large"><image path="p/a.jpg"/><image path="p/b.jpg"/></image-group>
</images><custom-attributes><custom-attribute attribute-id="color">Beige</custom-attribute>
</custom-attributes></product>
<product product-id="P-2"><display-name xml:lang="x-default">Vest</display-name>
<images><image-group view-type="large"><image path="p/c.jpg"/></image-group></images></product>
</catalog>"""


def test_xml_with_languages_and_values_in_attributes(read: Read) -> None:
    items = read(XML, "catalog.xml")
    assert (photos(items["Trench"]), photos(items["Vest"])) == (["a.jpg", "b.jpg"], ["c.jpg"])
    assert (items["Trench"].colour, items["Trench"].item_id) == ("Beige", "P-1")


def test_impex(read: Read) -> None:
    items = read(
        "# Products\n$catalogVersion=catalogversion(version[default='Staged'])\n\n"
        "INSERT_UPDATE Product;code[unique=true];name[lang=en];name[lang=de];picture(code)\n"
        ";PT-1;Cordless Drill;Akkuschrauber;p/a.jpg\n;PT-2;Claw Hammer;Hammer;p/b.jpg\n",
        "products.impex",
    )
    assert (items["Cordless"].item_id, photos(items["Claw"])) == ("PT-1", ["b.jpg"])


def test_currencies_in_names_numbered_categories_and_kinds_of_records(read: Read) -> None:
    items = read(
        "sku,name,item type,category_1,category_2,google_product_category,price-EUR,picture,"
        "variation_image\n"
        "1,Organic tee,Physical good,Clothing / Tops,Sale,Apparel > Shirts,25,p/a.jpg,p/b.jpg\n"
        "2,Corduroy cap,Physical good,Clothing / Hats,,Apparel > Hats,19,p/c.jpg,\n"
    )
    organic = items["Organic"]
    assert (organic.amount, organic.currency, organic.department) == (25, "EUR", "Clothing")
    assert "Physical" not in organic.product_type
    assert photos(organic) == ["a.jpg", "b.jpg"]
