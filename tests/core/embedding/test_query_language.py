from __future__ import annotations

import pytest

from core.embedding.query_language import Reading, reading, short_reading

ENGLISH = frozenset(
    "a red wooden chair table lamp with drawers for men blue running shoes".split()  # noqa: SIM905
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("red wooden chair", "en"),
        ("Blue running shoes for men", "en"),
        ("a table lamp with drawers", "en"),
        ("rote Äpfel auf einem Tisch", "de"),
        ("silla de madera con brazos", "es"),
        ("une chaise en bois rouge", "fr"),
        ("木椅子", "zh"),
        ("деревянный стул", "ru"),
        ("เก้าอี้ไม้", "th"),
    ],
)
def test_the_language_of_a_query_is_found(text: str, language: str) -> None:
    assert reading(text, ENGLISH).language == language


def test_no_words_and_numbers_are_english() -> None:
    for text in ("", "  ", "12345 / 67", "!!!"):
        assert reading(text, ENGLISH).english == 1


def test_a_sure_text_is_one_language_alone_and_an_unsure_one_is_both() -> None:
    assert reading("red wooden chair with drawers", ENGLISH).english == 1
    assert reading("Stuhl aus massivem Holz für die Küche", ENGLISH).english == 0
    shares = {reading(text, ENGLISH).english for text in ("Osaka", "Malva", "lamp Torvik", "mango")}
    assert all(0 <= share <= 1 for share in shares)


def corrected(text: str, likelihood: float = -9.0) -> Reading:
    return short_reading(text, reading(text, ENGLISH), ENGLISH, lambda word: likelihood)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Zelt", "de"),  # by its letters alone English
        ("tabouret", "fr"),
        ("fotel", "pl"),
        ("kledingkast", "nl"),
        ("gitar", "tr"),
        ("Sessel blau", "de"),
        ("guarda-chuva", "pt"),
        ("red chair", "en"),
        ("wooden table lamp", "en"),
        ("стул", "ru"),
        ("木椅子", "zh"),
    ],
)
def test_word_lists_tell_the_language_of_a_few_words(text: str, language: str) -> None:
    assert corrected(text).language == language


@pytest.mark.parametrize(
    "text", ["wobbledrex", "zibberwocks", "shraznik", "glimphorn", "snorvath plimque", "vorpin"]
)
def test_what_is_a_word_of_no_language_is_not_read_as_another_one(text: str) -> None:
    assert corrected(text) == Reading("en", 1.0)


def test_a_likely_word_on_no_list_stays_in_its_language() -> None:
    text = "Geviertstrich"
    assert reading(text, ENGLISH).language == "de"
    assert corrected(text, likelihood=-2.0).language == "de"
    assert corrected(text).language == "en"


def test_more_words_and_accents_and_a_known_word_keep_the_reading() -> None:
    for text in ("ein gutes neues Blorfel hier", "Zörvelünk", "Stuhl Torvik"):
        assert corrected(text) == reading(text, ENGLISH)
