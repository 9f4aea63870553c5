"""The files that shops have, each as its software writes it, small."""

from __future__ import annotations

import json
import zipfile

import pytest
import xlsxwriter

from core.catalog.columns import guess_columns
from core.catalog.ingest import start_drafts
from core.catalog.products import products
from core.catalog.readers import open_catalog
from core.cli.preview import preview_json
from core.errors import CatalogError
from core.settings import Settings
from tests.core.app.previews import by_id, photos


def test_rows_of_variants_and_pictures_belong_to_the_product_above(read):
    preview = read(
        "Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
        "Image Src,Variant Image\n"
        "stool,Ash Stool,<p>Ash</p>,North,Stool,Color,Blue,S-B,49.00,p/a.jpg,p/a.jpg\n"
        "stool,,,,,,Green,S-G,52.00,p/b.jpg,p/b.jpg\n"
        "stool,,,,,,,,,p/c.jpg,\n"
        "vase,Clay Vase,,North,Vase,Size,S,V-S,9.00,p/d.jpg,\n"
    )
    assert (preview.rows, preview.items, preview.left_out) == (4, 2, ())
    assert "2 rows are variants or pictures of 1 product." in preview.notes
    stool = by_id(preview)["stool"]
    assert photos(stool) == ["a.jpg", "b.jpg", "c.jpg"]
    assert (stool.price, stool.colour, stool.brand) == ("49.00", "Blue", "North")


def test_kinds_of_rows_and_ids_left_empty_below(read):
    preview = read(
        "Product ID,Title,Option Name 1,Option Value 1,Price,Hosted Image URLs\n"
        "77,Linen Shirt,Size,S,30,p/a.jpg p/b.jpg\n"
        ",,,M,30,\n"
    )
    assert (preview.items, preview.left_out) == (1, ())
    preview = read("handleId,fieldType,name,productImageUrl\nx,Product,Mug,p/a.jpg\nx,Variant,,\n")
    assert (preview.items, preview.left_out) == (1, ())


def test_sale_price_where_there_is_one_and_the_parents_group(read):
    preview = read(
        "ID,Type,SKU,Name,Sale price,Regular price,Images,Parent\n"
        '1,variable,cap,Wool Cap,,,"p/a.jpg, p/b.jpg",\n'
        "2,variation,cap-r,Wool Cap - Red,,12,p/a.jpg,id:1\n"
        "3,variation,cap-g,Wool Cap - Grey,8,12,p/b.jpg,cap\n"
        "4,simple,jug,Tin Jug,30,20,p/c.jpg,\n"
    )
    items = by_id(preview)
    assert [items[n].price for n in "1234"] == ["", "12", "8", "20"]
    assert [items[n].group for n in "1234"] == ["1", "1", "1", ""]


FEED = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>A</g:id><title>Rose sofa</title><g:image_link>p/a.jpg</g:image_link>
<g:additional_image_link>p/b.jpg</g:additional_image_link>
<g:additional_image_link>p/c.jpg</g:additional_image_link>
<g:price>750.00 EUR</g:price><g:sale_price>700.00 EUR</g:sale_price>
<g:product_type>Home &gt; Living &gt; Sofas</g:product_type>
<g:shipping><g:country>DE</g:country><g:price>5 EUR</g:price></g:shipping></item>
<item><g:id>B</g:id><title>Oak bench</title><g:image_link>p/d.jpg</g:image_link></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<entry><g:id>A</g:id><g:title>Rose sofa</g:title><g:image_link>p/a.jpg</g:image_link></entry>
<entry><g:id>B</g:id><g:title>Oak bench</g:title><g:image_link>p/b.jpg</g:image_link></entry>
</feed>"""
LIST = """<?xml version="1.0" encoding="iso-8859-1"?>
<shop><info><name>x</name></info><goods>
<good sku="A"><name>Grüner Stuhl</name><images><image>p/a.jpg</image><image>p/b.jpg</image></images>
<price currency="EUR">10</price></good>
<good sku="B"><name>Tisch</name><images><image>p/c.jpg</image></images><price>20</price></good>
</goods></shop>"""


def test_merchant_feed_in_xml(read):
    preview = read(FEED, "feed.xml")
    assert (preview.format, preview.items, preview.left_out) == ("XML", 2, ())
    sofa = by_id(preview)["A"]
    assert photos(sofa) == ["a.jpg", "b.jpg", "c.jpg"]
    assert (sofa.price, sofa.product_type, sofa.department) == ("700.00 EUR", "Sofas", "Home")


@pytest.mark.parametrize("name", ["feed.atom", "feed.txt"])
def test_atom_by_any_name(read, name):
    assert sorted(by_id(read(ATOM, name))) == ["A", "B"]


def test_any_list_of_products_in_xml(read):
    preview = read(LIST.encode("iso-8859-1"), "goods.xml")
    assert [sample.title for sample in preview.samples] == ["Grüner Stuhl", "Tisch"]
    assert photos(preview.samples[0]) == ["a.jpg", "b.jpg"]


def test_values_in_several_languages_lists_and_dictionaries(read):
    row = {
        "item_id": "1",
        "item_name": [
            {"language_tag": "de_DE", "value": "Stuhl"}, {"language_tag": "en_US", "value": "Chair"}
        ],
        "color": {"de": "Rot", "en": "Red"},
        "images": [{"thumb": "p/b.jpg", "large": "p/a.jpg"}, {"large": "p/c.jpg"}],
        "price": {"amount": "19.00", "currency": "EUR"},
    }  # fmt: skip
    second = row | {"item_id": "2", "item_name": "Table"}
    lines = f"{json.dumps(row)}\n{json.dumps(second)}\n"
    sample = by_id(read(lines, "feed.jsonl"))["1"]
    assert (sample.title, sample.colour, sample.price) == ("Chair", "Red", "19.00 EUR")
    assert photos(sample) == ["a.jpg", "c.jpg"]


def test_repeated_ids(read):
    preview = read(
        "ean;title;image\n4,00638E+12;Red chair;p/a.jpg\n4,00638E+12;Blue chair;p/b.jpg\n"
        "4,00638E+12;Red chair;p/a.jpg\n"
    )
    assert preview.items == 1
    (left_out,) = preview.left_out
    assert left_out.row == 2
    assert "spreadsheet" in left_out.reason
    assert any("the same as an earlier one" in note for note in preview.notes)


WOO = {
    "de": "ID;Typ;Artikelnummer;Name;Angebotspreis;Regulärer Preis;Kategorien;Bilder;Übergeordnet;"
    "Attribut 1 Name;Attribut 1 Wert(e)",
    "fr": "ID;Type;UGS;Nom;Tarif promo;Tarif régulier;Catégories;Images;Parent;"
    "Nom de l’attribut 1;Valeur(s) de l’attribut 1",
    "es": "ID;Tipo;SKU;Nombre;Precio rebajado;Precio normal;Categorías;Imágenes;Superior;"
    "Nombre del atributo 1;Valor(es) del atributo 1",
}


@pytest.mark.parametrize("language", sorted(WOO))
def test_woocommerce_in_the_shops_own_language(read, language):
    preview = read(
        f"{WOO[language]}\n"
        "7;variable;CAP;Kapa;;;A > B;p/a.jpg;;Color;Rot\n"
        '8;variation;CAP-R;Kapa - Rot;"9,95";"12,00";;p/a.jpg;id:7;Color;Rot\n'
        '9;variation;CAP-B;Kapa - Blau;;"12,00";;p/b.jpg;CAP;Color;Blau\n'
    )
    items = by_id(preview)
    assert [items[n].amount for n in "789"] == [None, 9.95, 12.0]
    assert [items[n].group for n in "789"] == ["7", "7", "7"]
    assert [items[n].colour for n in "789"] == ["Rot", "Rot", "Blau"]


def test_rows_of_a_template_above_the_column_names(read):
    template = (
        "TemplateType=home\tVersion=1\tThe top 3 rows are not products.\t\t\t\t\n"
        "Seller SKU\tProduct Name\tStandard Price\tMain Image URL\tParent SKU\tColor\n"
        "item_sku\titem_name\tstandard_price\tmain_image_url\tother_image_url1\tcolor_name\n"
        "H1\tTin Bucket\t9.50\tp/a.jpg\tp/b.jpg\tGrey\n"
    )
    preview = read(template, "feed.txt")
    (bucket,) = preview.samples
    assert (bucket.item_id, bucket.title, bucket.amount) == ("H1", "Tin Bucket", 9.5)
    assert (photos(bucket), bucket.colour) == (["a.jpg", "b.jpg"], "Grey")
    assert "2 lines above the first row" in preview.notes[0]
    preview = read("All products, spring\n\nsku;name;photo;price\nH1;Tin Bucket;p/a.jpg;9\n")
    assert [(s.item_id, s.title) for s in preview.samples] == [("H1", "Tin Bucket")]


def test_rows_without_an_id_are_items_too(read):
    preview = read("TITLE,SKU,IMAGE1,PRICE\nTin Bucket,,p/a.jpg,9\nClay Pot,P1,p/b.jpg,5\n")
    assert (preview.items, preview.left_out) == (2, ())
    assert "P1" in by_id(preview)


def test_kinds_of_rows_below_a_product_that_have_names_of_their_own(read):
    preview = read(
        "Item Type,Product ID,Product Name,Price,Category,Product Image File - 1\n"
        "Product,5,Tin Bucket,9,Garden/Buckets,a.jpg\n"
        "  SKU,,[S]Size=Large,,,\n"
        "  Rule,,,[FIXED]12,,\n"
        "Product,6,Clay Pot,5,Garden/Pots,b.jpg\n"
    )
    assert (preview.rows, preview.items, preview.left_out) == (4, 2, ())
    assert [s.product_type for s in preview.samples] == ["Buckets", "Pots"]


def test_products_of_an_api_with_variants_in_them(read):
    product = {
        "id": 4, "title": "Wool Cap", "vendor": "North", "options": [{"name": "Size"}],
        "images": [{"src": "p/a.jpg"}, {"src": "p/b.jpg"}],
        "variants": [
            {"id": 41, "sku": "C-S", "price": "9.00", "option1": "S"},
            {"id": 42, "sku": "C-M", "price": "11.00", "option1": "M"},
        ],
    }  # fmt: skip
    single = product | {
        "id": 5,
        "variants": [{"id": 51, "price": "3.00", "option1": "Default Title"}],
    }
    preview = read(json.dumps({"products": [product, single]}), "products.json")
    assert (preview.rows, preview.items, preview.left_out) == (2, 2, ())
    assert [s.amount for s in preview.samples] == [9.0, 3.0]
    assert photos(preview.samples[0]) == ["a.jpg", "b.jpg"]
    framed = [
        {"node": {"id": f"g{n}", "title": "Clay Pot", "media": {"image": "p/a.jpg"},
                  "pricing": {"price": {"amount": "5", "currency": "EUR"}}}}
        for n in (1, 2)
    ]  # fmt: skip
    preview = read(json.dumps({"data": {"edges": framed}}), "graph.json")
    assert [(s.item_id, s.title, s.price) for s in preview.samples] == [
        ("g1", "Clay Pot", "5 EUR"), ("g2", "Clay Pot", "5 EUR"),
    ]  # fmt: skip


def test_an_excel_workbook_is_read(read, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "feed.xlsx") as book:
        book.add_worksheet("Notes").write_row(0, 0, ["Prices", "of", "May"])
        sheet = book.add_worksheet("Products")
        sheet.write_row(0, 0, ["All our products"])
        sheet.write_row(2, 0, ["SKU", "Title", "Price", "Image"])
        sheet.write_row(3, 0, [1001, "Tin Bucket", 9.5, "p/a.jpg"])
        sheet.write_row(5, 0, ["A-2", "Clay Pot", 5, "p/b.jpg"])
    preview = read((tmp_path / "feed.xlsx").read_bytes(), "feed.xlsx")
    assert (preview.format, preview.rows, preview.left_out) == ("Excel", 2, ())
    assert [(s.item_id, s.title, s.amount) for s in preview.samples] == [
        ("1001", "Tin Bucket", 9.5), ("A-2", "Clay Pot", 5.0),
    ]  # fmt: skip


def test_workbooks_that_are_none_or_too_large(read, tmp_path):
    with pytest.raises(CatalogError, match="not a sound Excel workbook"):
        read(b"PK\x03\x04 nothing", "feed.xlsx")
    with pytest.raises(CatalogError, match="Save it as CSV"):
        read("x", "feed.xls")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("xl/worksheets/sheet1.xml", b" " * 40 * 2**20)
    with pytest.raises(CatalogError, match="too large"):
        read((tmp_path / "bomb.zip").read_bytes(), "feed.xlsx")


def test_variants_that_a_category_or_their_parent_tells(read):
    preview = read(
        "type,product_sku,product_name,product_price,image\n"
        "product,E1,Mug,14,p/a.jpg\n"
        "product_variation,E1-B,,15,\n"
        "product,E2,Tray,29,p/b.jpg\n"
    )
    assert (preview.items, preview.left_out) == (2, ())
    preview = read(
        "id;parent_id;name;price_gross;cover_media_url\n"
        "a1;;Chair;119,00;p/a.jpg\na2;a1;;;p/b.jpg\na3;;Bed;238,00;p/c.jpg\n"
    )
    assert (preview.items, preview.left_out) == (2, ())
    assert photos(preview.samples[0]) == ["a.jpg", "b.jpg"]


def test_an_option_without_a_choice_is_none(read):
    """Shopify writes `Title: Default Title` for a product of one form."""
    preview = read(
        "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n"
        "jug,Clay Jug,Title,Default Title,J-1,19.00,p/a.jpg\n"
        "jug,,,,,,p/b.jpg\n"
        "rug,Wool Rug,Title,Default Title,R-1,99.00,p/c.jpg\n"
    )
    assert preview.items == 2
    assert "Default" not in preview_json(preview)


def test_options_without_a_choice_are_no_attributes_nor_variants(tmp_path):
    table = tmp_path / "shop.csv"
    table.write_text(
        "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Image Src\n"
        "jug,Clay Jug,Title,Default Title,,,J-1,a.jpg\n"
        "jug,,,,,,,b.jpg\n"
        "mug,Clay Mug,Colour,Red,Size,default,M-1,a.jpg\nmug,,,Blue,,,M-2,b.jpg\n"
    )
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    opened = open_catalog(table)
    columns = guess_columns(opened.columns)
    drafts = start_drafts(opened, tmp_path, columns, Settings(data_dir=tmp_path), "")
    jug, mug = [drafts.of(product) for product in products(opened.rows(), columns)]
    assert "title" not in jug.attributes
    assert [dict(v.options) for v in jug.variants] == [{}]
    assert (mug.attributes["colour"], "size" in mug.attributes) == ("Red", False)
    assert [dict(v.options) for v in mug.variants] == [{"Colour": "Red"}, {"Colour": "Blue"}]
