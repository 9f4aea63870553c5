from __future__ import annotations

import pytest

from core.embedding.query_language import reading

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
