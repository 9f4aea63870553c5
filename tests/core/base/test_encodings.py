"""Encodings are seen over the whole file, said, and refused where they can't be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base.tables import open_table
from core.errors import CatalogError

#: Own product titles per language, and the encodings that its shops still use.
TITLES = {
    "de": (["Gläserne Schüssel", "Blumentöpfe für Kräuter", "Weißer Übertopf, 12 cm"], "cp1252"),
    "fr": (["Théière émaillée", "Rideau à œillets", "Gilet tricoté côtelé"], "cp1252"),
    "es": (["Cojín de algodón", "Jarrón pequeño", "Cazadora niño, otoño"], "cp1252"),
    "nl": (["Geëmailleerde pan", "Crèmekleurig gordijn", "Café-stoel, naïef patroon"], "cp1252"),
    "da": (["Blå sofapude", "Grøntsagskniv af stål", "Hængelampe, rød"], "cp1252"),
    "pl": (["Wazon szklany, błękitny", "Poduszka w kwiaty, różowa", "Łóżko dębowe"], "cp1250"),
    "cs": (["Polštář květovaný", "Skleněná váza, růžová", "Dřevěná police"], "iso8859-2"),
    "hu": (["Üvegváza, kék", "Fehér lámpaernyő", "Gyűrött vászon függöny"], "cp1250"),
    "tr": (["Çiçekli yastık", "Ahşap kitaplık", "Gümüş küpe, ışıltılı"], "cp1254"),
    "ru": (["Стеклянная ваза", "Подушка с цветами", "Деревянная полка"], "cp1251"),
    "uk": (["Скляна ваза, блакитна", "Дерев'яна полиця", "Вишита скатертина"], "cp1251"),
    "ru-koi": (["Стеклянная ваза", "Подушка с цветами", "Деревянная полка"], "koi8-r"),
    "el": (["Γυάλινο βάζο", "Μαξιλάρι με λουλούδια", "Ξύλινο ράφι"], "cp1253"),
    "he": (["אגרטל זכוכית", "כרית פרחונית", "מדף עץ"], "cp1255"),
    "ar": (["مزهرية زجاجية", "وسادة مزهرة", "رف خشبي"], "cp1256"),
    "ja": (["ガラスの花瓶", "花柄のクッション", "木製の棚"], "cp932"),
    "ja-euc": (["ガラスの花瓶", "花柄のクッション", "木製の棚"], "euc_jp"),
    "zh": (["玻璃花瓶", "碎花抱枕", "实木书架"], "gbk"),
    "tw": (["玻璃花瓶", "碎花抱枕", "實木書架"], "big5"),
    "ko": (["유리 꽃병", "꽃무늬 쿠션", "원목 선반"], "euc_kr"),
}


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def table(titles: list[str]) -> str:
    return "id,title\r\n" + "".join(f'{n},"{title}"\r\n' for n, title in enumerate(titles))


def titles_of(path: Path) -> list[object]:
    return [row.cells.get("title") for row in open_table(path, CatalogError).rows()]


@pytest.mark.parametrize("language", TITLES)
def test_legacy_encodings_are_read_right_and_said(tmp_path, language):
    titles, encoding = TITLES[language]
    path = write(tmp_path / "items.csv", table(titles).encode(encoding))
    assert titles_of(path) == titles
    opened = open_table(path)
    assert opened.encoding != "UTF-8"
    assert opened.encoding in opened.notes[0]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"],
)
def test_unicode_with_and_without_a_mark(tmp_path, encoding):
    titles = ["Fauteuil crème – 5 €", "赤い木の椅子", "Ваза"]
    assert titles_of(write(tmp_path / "items.csv", table(titles).encode(encoding))) == titles


@pytest.mark.parametrize(
    "title", ["Fauteuil crème", "5 £ voucher", "Chair Ü", "Café", "20 °C, 5 €"]
)
def test_one_word_in_cp1252_is_enough(tmp_path, title):
    path = write(tmp_path / "items.csv", table(["Plain", title]).encode("cp1252"))
    assert titles_of(path) == ["Plain", title]


def test_an_odd_byte_far_into_the_file_is_seen(tmp_path):
    body = "".join(f"{n},chair\n" for n in range(100_000)).encode() + b"x,cr\xe8me\n"
    path = write(tmp_path / "items.csv", b"id,title\n" + body)
    assert titles_of(path)[-1] == "crème"


def test_one_line_of_another_encoding_damages_no_other(tmp_path):
    good = ["Grüner Stuhl", "Crème", "Täschchen", "Sofa"]
    content = table(good).encode() + "9,Chair ü\r\n".encode("cp1252") + "10,Öl\r\n".encode()
    path = write(tmp_path / "items.csv", content)
    assert titles_of(path) == [*good, "Chair ü", "Öl"]
    (note,) = open_table(path).notes
    assert "1 line (line 6) is not: read as Windows-1252" in note


def test_the_odd_line_has_an_encoding_of_its_own(tmp_path):
    good = ["Stół dębowy", "Łóżko", "Poduszka różowa"]
    content = table(good).encode() + "9,krzesło\r\n".encode("cp1250")
    assert titles_of(write(tmp_path / "items.csv", content)) == [*good, "krzesło"]


def test_a_line_that_can_not_be_told_is_left_out_rather_than_guessed(tmp_path):
    good = ["Stół dębowy", "Łóżko", "Krzesło żółte", "Poduszka różowa"]
    content = table(good).encode() + b"9,\x81\xfd\x90\r\n" + b"10,Szafa\r\n"
    path = write(tmp_path / "items.csv", content)
    assert titles_of(path) == [*good, None, "Szafa"]
    rows = list(open_table(path).rows())
    assert "Line 6" in rows[4].problem
    assert "not valid UTF-8" in rows[4].problem
    assert "left out" in open_table(path).notes[0]


@pytest.mark.parametrize("content", [b"\x01\xff\x02\xfe" * 100, b"\x81\xfd\x90\x8f\xa0" * 40])
def test_bytes_that_mean_nothing_are_refused(tmp_path, content):
    with pytest.raises(CatalogError, match=r"can't be told|not a text file"):
        open_table(write(tmp_path / "items.csv", b"id,title\n1," + content), CatalogError)


def test_characters_that_were_lost_before_are_said(tmp_path):
    path = write(tmp_path / "items.csv", table(["Gr\ufffdn", "Sofa"]).encode())
    assert titles_of(path) == ["Gr\ufffdn", "Sofa"]
    assert "1 times the sign �" in open_table(path).notes[0]


def test_a_cut_utf_16_file_is_read_up_to_the_cut(tmp_path):
    path = write(tmp_path / "items.csv", table(["Stuhl", "Sofa"]).encode("utf-16")[:-1])
    assert titles_of(path) == ["Stuhl", "Sofa"]


def test_json_in_another_encoding(tmp_path):
    text = '{"id": 1, "title": "Grüner Stuhl"}\n{"id": 2, "title": "Weiße Möbel"}\n'
    for name, content in (("a.jsonl", text), ("a.json", f"[{text.strip().replace(chr(10), ',')}]")):
        path = write(tmp_path / name, content.encode("cp1252"))
        assert titles_of(path) == ["Grüner Stuhl", "Weiße Möbel"]
