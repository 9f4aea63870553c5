"""Queries of known words in other languages are read as English."""

from __future__ import annotations

import csv

import pytest

from core.search.colour_words import ColourWords
from core.search.translation import Translation
from core.settings import SHIPPED

FOLDER = SHIPPED / "vocabularies"


@pytest.fixture(scope="module")
def translation():
    return Translation(FOLDER, ColourWords(FOLDER))


@pytest.mark.parametrize(
    ("language", "text", "english"),
    [
        ("de", "Holzstuhl", "wooden chair"),
        ("de", "Stühle", "chair"),
        ("de", "roter Holzstuhl", "red wooden chair"),
        ("de", "schwarze Damenhandtasche aus Leder", "black women's leather handbag"),
        ("nl", "houten stoelen", "wooden chair"),
        ("fr", "canape rouge", "red sofa"),
        ("fr", "lampe de table bleue", "blue table lamp"),
        ("es", "sillas de madera", "wooden chair"),
        ("it", "mele rosse", "red apple"),
        ("pt", "cadeira de madeira", "wooden chair"),
        ("pl", "drewniane krzesło", "wooden chair"),
        ("ru", "красные яблоки", "red apple"),
        ("tr", "kırmızı elbiseler", "red dress"),
        ("tr", "KIRMIZI ELBİSELER", "red dress"),
        ("ar", "كرسي خشبي", "wooden chair"),
        ("ja", "黒い革のバッグ", "black leather bag"),
        ("zh", "白色棉质T恤", "white cotton t-shirt"),
        ("ko", "나무의자", "wooden chair"),
        ("th", "เก้าอี้ไม้", "wooden chair"),
        ("de", "Stuehle", "chair"),
        ("de", "Kissen für das Sofa", "sofa pillow"),
        ("pl", "krzeslo", "chair"),
        ("pl", "drewnianego krzesła", "wooden chair"),
        ("fr", "noeud papillon", "bow tie"),
        ("ru", "деревянных стульев", "wooden chair"),
        ("ar", "الكرسي", "chair"),
        ("ar", "اريكه", "sofa"),
        ("ja", "イス", "chair"),
        ("ja", "赤いソファー", "red sofa"),
        ("ja", "コンピュータ", "computer"),
        ("zh", "沙發", "sofa"),
        ("zh", "紅色衣櫃", "red wardrobe"),
        ("ko", "커피테이블", "coffee table"),
        ("ko", "사이드 보드", "sideboard"),
        ("de", "Schal", "scarf"),
        ("de", "Schale", "bowl"),
        ("es", "camara", "camera"),
        ("es", "gorra roja", "red cap"),
        ("it", "cuffie", "headphones"),
        ("pt", "bolo", "cake"),
        ("pt", "bola", "ball"),
        ("nl", "bank", "sofa"),
        ("de", "Bürostuhl aus Leder", "leather office chair"),
        ("es", "mesa de comedor redonda", "round dining table"),
        ("zh", "木椅", "wooden chair"),
        ("de", "gruene Stuehle", "green chair"),
        ("tr", "kirmizi elbise", "red dress"),
        ("pl", "zolta poduszka", "yellow pillow"),
        ("de", "kabellose Kopfhörer", "wireless headphones"),
        ("it", "tavolo da pranzo allungabile", "extendable dining table"),
        ("es", "camisa de manga corta", "short-sleeved shirt"),
        ("ja", "防水ジャケット", "waterproof jacket"),
        ("ko", "무선 이어폰", "wireless headphones"),
        ("ru", "беспроводная колонка", "wireless loudspeaker"),
        ("ru", "подушек", "pillow"),
        ("ru", "игрушки для детей", "children's toy"),
        ("pl", "poduszek", "pillow"),
        ("tr", "çocuk çantaları", "children's bag"),
        ("ar", "طاولات", "table"),
        ("th", "โซฟาหนังสีดำ", "leather black sofa"),
    ],
)
def test_a_query_of_known_words_is_given_in_english(language, text, english, translation):
    assert translation.english(text, language) == english
    if language != "tr":
        assert translation.english(text.upper(), language) == english


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "Zauberstab"),
        ("de", "roter Zauberstab"),
        ("de", "aus Holz"),
        ("de", "Ringbuch"),
        ("de", "Stuhl " * 6),
        ("zh", "椅子" * 41),
        ("fr", "table sans verre"),
        ("ru", "стул без подушки"),
        ("de", " "),
        ("ja", "魔法の椅子"),
        ("en", "chair"),
        ("xx", "chair"),
    ],
)
def test_one_unknown_word_or_no_thing_leaves_the_query_as_it_is(language, text, translation):
    assert translation.english(text, language) == ""


@pytest.mark.parametrize("text", ["yastık", "yastik", "YASTIK"])
def test_turkish_is_read_with_and_without_its_own_letters(text, translation):
    assert translation.english(text, "tr") == "pillow"


def test_the_lists_have_a_name_of_each_thing_in_each_language(translation):
    assert len(translation.languages) == 14
    for name in ("things", "attributes"):
        with (FOLDER / f"{name}_in_languages.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        english = [row["en"] for row in rows]
        assert len(set(english)) == len(english)
        for row in rows:
            assert set(row) == {"en", *translation.languages}
            assert all(part.strip() == part and part for n in row.values() for part in n.split("/"))


def test_each_name_of_a_thing_is_read_as_that_thing(translation):
    """A name stands in one row only, and no stem or part of it is read as something else."""
    with (FOLDER / "things_in_languages.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wrong = [
        (language, name, row["en"], read)
        for row in rows
        for language in translation.languages
        for name in row[language].split("/")
        if (read := translation.english(name, language)) != row["en"]
    ]
    assert wrong == []
