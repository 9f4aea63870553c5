"""The files that shops have, each as its software writes it, small."""

from __future__ import annotations

import json
import time
import zipfile

import pytest
import xlsxwriter

from core.app.dry_run import preview_file
from core.catalog.columns import guess_columns
from core.catalog.ingest import start_drafts
from core.catalog.photo_cells import split
from core.catalog.products import products
from core.catalog.readers import open_catalog
from core.catalog.text import text_of_markup
from core.cli.preview import preview_json
from core.domain.file_preview import FilePreview
from core.errors import CatalogError
from core.settings import Settings


@pytest.fixture
def read(tmp_path):
    """Writes a feed beside a folder of photos, and reads it without indexing."""
    folder = tmp_path / "p"
    folder.mkdir()
    for name in ("a", "b", "c", "d"):
        (folder / f"{name}.jpg").write_bytes(name.encode())

    def preview(text: str, name: str = "feed.csv", **options: object) -> FilePreview:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return preview_file(path, Settings(data_dir=tmp_path / "data"), **options)

    return preview


def photos(sample):
    return [place.rpartition("/")[2] for place in sample.photos]


def by_id(preview):
    return {sample.item_id: sample for sample in preview.samples}


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


@pytest.mark.parametrize(
    ("header", "mapping"),
    [
        ("Artikelnummer;Bezeichnung;Bild;Preis;Warengruppe;Farbe", "de"),
        ("Référence;Désignation;Photo principale;Prix TTC;Catégorie;Couleur", "fr"),
        ("Código;Nombre;Imagen;Precio;Categoría;Color", "es"),
        ("Codice;Nome prodotto;Immagine;Prezzo;Categoria;Colore", "it"),
        ("Código do produto;Nome;Imagem;Preço;Categoria;Cor", "pt"),
        ("Artikelnummer;Naam;Afbeelding;Prijs;Categorie;Kleur", "nl"),
        ("Kod produktu;Nazwa;Zdjęcie;Cena;Kategoria;Kolor", "pl"),
        ("Artikelnummer;Benämning;Bild;Pris;Kategori;Färg", "sv"),
        ("Ürün Kodu;Ürün Adı;Görsel;Fiyat;Kategori;Renk", "tr"),
        ("Артикул;Название;Фото;Цена;Категория;Цвет", "ru"),
        ("商品番号;商品名;画像;価格;カテゴリー;色", "ja"),
        ("商品编号;商品名称;图片;价格;分类;颜色", "zh"),
        ("상품번호;상품명;이미지;가격;카테고리;색상", "ko"),
        ("*CustomLabel;*Title;PicURL;*StartPrice;Category name;Color", "eBay"),
        ("item_sku;item_name;main_image_url;standard_price;item_type_keyword;color_name", "Amazon"),
        ("Product ID;Name *;Image URLs (x,y,z...);Price tax excluded;Categories (x,y,z...);Color",
         "PrestaShop"),
        ("sku;name;base_image;price;categories;color", "Magento"),
        ("sku;name-en_US;image;price-EUR;categories;color-en_US-ecommerce", "Akeneo"),
        ("Product ID;Product Name;Product Image File - 1;Price;Category;Colour", "BigCommerce"),
        ("รหัสสินค้า;ชื่อสินค้า;รูปภาพ;ราคา;หมวดหมู่;สี", "th"),
        ("رقم المنتج;اسم المنتج;الصورة;السعر;الفئة;اللون", "ar"),
        ("מספר מוצר;שם מוצר;תמונה;מחיר;קטגוריה;צבע", "he"),
        ("Mã sản phẩm;Tên sản phẩm;Hình ảnh;Giá bán;Danh mục;Màu sắc", "vi"),
        ("Kode produk;Nama produk;Gambar;Harga;Kategori;Warna", "id"),
        ("Kód produktu;Název;Obrázek;Cena s DPH;Kategorie;Barva", "cs"),
        ("Varenummer;Varenavn;Billede;Pris;Varegruppe;Farve", "da"),
        ("Tuotenumero;Tuotenimi;Kuva;Hinta;Tuoteryhmä;Väri", "fi"),
        ("Cikkszám;Megnevezés;Kép;Bruttó ár;Kategória;Szín", "hu"),
        ("Код товару;Назва товару;Фото;Ціна;Категорія;Колір", "uk"),
        ("Артикул;Наименование товара;Фото;Розничная цена, руб.;Категория товара;Цвет", "ru"),
        ("商家编码;宝贝标题;主图;一口价;宝贝类目;颜色", "Taobao"),
        ("product_number;name;cover_media;price_gross;categories;color", "Shopware"),
        ("productcode;productname;photourl;Our price (INR);category;color", "Volusion"),
        ("Code;Titel kurz;Representative Image;VK brutto;Kategorie;Farbe", "words in longer names"),
        ("SKU [Non Editable];Title;Hosted Image URLs;Price;Categories;Color", "Squarespace"),
    ],
)  # fmt: skip
def test_names_of_columns(read, header, mapping):
    preview = read(f"{header}\n1;Stool X;p/a.jpg;12;Stools;Red\n", name="feed.txt")
    (sample,) = preview.samples
    assert (sample.item_id, sample.title, photos(sample)) == ("1", "Stool X", ["a.jpg"])
    assert (sample.amount, sample.colour) == (12, "Red")
    assert preview.mapping["product_type"] == (header.split(";")[4],)


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


@pytest.mark.parametrize(
    "cell",
    [
        '"[""p/a.jpg"", ""p/b.jpg""]"', "\"['p/a.jpg', 'p/b.jpg']\"", "p/a.jpg|p/b.jpg",
        '"p/a.jpg, p/b.jpg"', '"p/a.jpg,p/b.jpg"', "p/a.jpg;p/b.jpg", "p/a.jpg p/b.jpg",
        '"p/a.jpg\np/b.jpg"',
    ],
)  # fmt: skip
def test_several_photos_in_a_cell(read, cell):
    (sample,) = read(f"id,title,images\n1,Mug,{cell}\n").samples
    assert photos(sample) == ["a.jpg", "b.jpg"]


def test_a_name_with_blanks_and_commas_is_one_photo(read, tmp_path):
    (tmp_path / "p" / "a.jpg, b c.jpg").write_bytes(b"x")
    (sample,) = read('id,title,image\n1,Mug,"p/a.jpg, b c.jpg"\n').samples
    assert photos(sample) == ["a.jpg, b c.jpg"]
    (sample,) = read("id,title,image\n1,Mug,https://x.example/my photo, 2.jpg\n".replace(
        "https://x.example/my photo, 2.jpg", '"https://x.example/my photo, 2.jpg"'
    )).samples  # fmt: skip
    assert sample.photos == ("https://x.example/my photo, 2.jpg",)


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


@pytest.mark.parametrize("run", [" ", ",", "; ", "\t", "| "])
def test_long_runs_of_separators_take_no_time(run):
    started = time.perf_counter()
    split("a.jpg" + run * (90_000 // len(run)) + "x")
    assert time.perf_counter() - started < 2


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


def test_paths_of_a_shops_own_folders_and_paths_as_links(read, tmp_path):
    (tmp_path / "p" / "my pot.jpg").write_bytes(b"x")
    preview = read("id,title,image\n1,Tin Bucket,/m/e/a.jpg\n2,Clay Pot,p/my%20pot.jpg\n")
    assert [photos(s) for s in preview.samples] == [["a.jpg"], ["my pot.jpg"]]
    assert read("id,title,image\n1,X,/etc/hostname\n2,Y,%2e%2e/feed.csv\n").items == 0


def test_descriptions_lose_their_markup_and_scripts(tmp_path):
    html = (
        "<style>p{}</style><p>Tin &amp; <b>zinc</b></p><ul><li>Round</li></ul><script>x()</script>"
    )
    assert text_of_markup(html) == "Tin & zinc\nRound"
    assert text_of_markup("3 < 4 & 5") == "3 < 4 & 5"


def test_a_title_without_a_category_says_what_the_product_is(read):
    preview = read("id,title,image\n1,Olive Canvas Tote Bag,p/a.jpg\n2,Stuhl aus Eiche,p/b.jpg\n")
    assert [(s.product_type, s.prompt) for s in preview.samples] == [
        ("tote bag", "tote bag"), ("", "Stuhl aus Eiche"),
    ]  # fmt: skip


def test_a_column_that_a_person_chose_for_the_type_is_believed(read):
    text = (
        "id,title,image,label,type\n1,Blue Mug,p/a.jpg,Beakers,Kitchen\n"
        "2,Red Mug,p/b.jpg,,Kitchen\n"
    )
    preview = read(text, columns={"product_type": "label"})
    assert [s.product_type for s in preview.samples] == ["Beakers", "mug"]
    assert [s.product_type for s in read(text, columns={"product_type": ""}).samples] == ["", ""]


def test_a_column_called_department_gives_the_department(read):
    (sample,) = read("sku,name,photo,Department\n1,Lampe dorée,p/a.jpg,Luminaires\n").samples
    assert (sample.product_type, sample.department) == ("", "Luminaires")


def test_words_in_longer_names_say_nothing_of_what_stands_beside_the_field(read):
    columns = "id,Picture alt text,Store name,Old price,Front picture,Long name,Net price\n"
    preview = read(f"{columns}1,x,Shop,9,p/a.jpg,Tin Bucket,5\n")
    (bucket,) = preview.samples
    assert (bucket.title, photos(bucket), bucket.amount) == ("Tin Bucket", ["a.jpg"], 5.0)
    captions = read("image,text\np/a.jpg,A tin bucket on a wall\n")
    assert [s.title for s in captions.samples] == ["A tin bucket on a wall"]


def test_fields_within_longer_names(read):
    preview = read(
        "ean,name,color_code.primary,supplier_color,media_path_1,media_path_2,price_regular_EUR,"
        "price_promotional_EUR\n"
        "40,Wrap Dress,302,Cherry red,p/a.jpg,p/b.jpg,79.95,59.95\n"
    )
    (dress,) = preview.samples
    assert (dress.price, dress.colour) == ("59.95 EUR", "Cherry red")
    assert photos(dress) == ["a.jpg", "b.jpg"]
    preview = read(
        "sku,product_name,product_media_main_image_url,product_media_gallery_image_url_1\n"
        "E1,Mug,p/a.jpg,p/b.jpg\n"
    )
    assert photos(preview.samples[0]) == ["a.jpg", "b.jpg"]


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


def test_a_photo_that_is_not_the_named_one_is_said(read, tmp_path):
    (tmp_path / "p" / "jug.jpg").write_bytes(b"jug")
    preview = read(
        "id,title,image,image 2\njug,Clay Jug,p/wrong.jpg,\nmug,Mug,p/gone.jpg,p/b.jpg\n"
        "cup,Cup,p/a.jpg,\n"
    )
    assert [photos(sample) for sample in preview.samples] == [["jug.jpg"], ["b.jpg"], ["a.jpg"]]
    assert preview.notes[-1] == (
        "2 rows name a photo that is not there, and another was taken: row 1 “p/wrong.jpg” → "
        "“jug.jpg”, row 2 “p/gone.jpg” → “b.jpg”."
    )


def test_an_unusable_photo_is_named(read, tmp_path):
    (tmp_path / "p" / "logo.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    (left_out,) = read("id,title,image\n1,Logo,p/logo.svg\n").left_out
    assert left_out.reason.startswith("The photo “logo.svg” can't be used: the file is not a pic")


def test_photos_that_did_not_come_with_the_file_are_asked_for(tmp_path):
    table = tmp_path / "upload-3f2a" / "shop.csv"
    table.parent.mkdir()
    table.write_text("id,title,image\n1,Jug,jug.jpg\n2,Mug,mug.jpg\n")
    preview = preview_file(table, Settings(data_dir=tmp_path / "data"))
    assert [row.reason for row in preview.left_out] == [
        f"The photo “{name}” is missing: no photos came with the file. Add them to it, or give the "
        "folder that they are in."
        for name in ("jug.jpg", "mug.jpg")
    ]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Oak Dining Chair", "dining chair"),
        ("oak dining chair", "dining chair"),
        ("Set of 4 Walnut Dining Chairs, grey", "dining chairs"),
        ("Bamboo Cutting Board 40 cm", "cutting board"),
        ("Men's Trail Running Shoes", "running shoes"),
        ("Stunning Vase", "vase"),
        ("Indoor Plant", "plant"),
    ],
)
def test_what_a_thing_is_for_is_part_of_its_type(read, title, kind):
    (sample,) = read(f'id,title,image\n1,"{title}",p/a.jpg\n').samples
    assert (sample.product_type, sample.prompt) == (kind, kind)
