"""Which column holds what: names in many languages and of many shops."""

from __future__ import annotations

import pytest

from core.catalog.text import text_of_markup
from tests.core.app.previews import photos


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


def test_a_column_called_department_gives_the_department(read):
    (sample,) = read("sku,name,photo,Department\n1,Lampe dorée,p/a.jpg,Luminaires\n").samples
    assert (sample.product_type, sample.department) == ("", "Luminaires")


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


def test_descriptions_lose_their_markup_and_scripts(tmp_path):
    html = (
        "<style>p{}</style><p>Tin &amp; <b>zinc</b></p><ul><li>Round</li></ul><script>x()</script>"
    )
    assert text_of_markup(html) == "Tin & zinc\nRound"
    assert text_of_markup("3 < 4 & 5") == "3 < 4 & 5"
