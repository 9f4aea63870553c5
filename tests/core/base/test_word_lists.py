from __future__ import annotations

import pytest

from core.base.word_lists import LANGUAGES, fold, languages_with


@pytest.mark.parametrize(
    ("word", "languages"),
    [
        ("Sessel", {"de"}),
        ("krzesło", {"pl"}),
        ("krzeslo", {"pl"}),
        ("bisiklet", {"tr"}),
        ("armoire", {"en", "fr"}),
        ("lámpara", {"es"}),
        ("lampara", {"es"}),
        ("KLEDINGKAST", {"nl"}),
        ("wasserpistole", {"de"}),  # a compound that is on no list
        ("chair", {"en"}),
    ],
)
def test_lists_have_words_in_capitals_and_without_accents(word: str, languages: set[str]) -> None:
    assert languages <= set(languages_with(word)) <= set(LANGUAGES)


@pytest.mark.parametrize(
    "word",
    ["wobbledrex", "zibberwocks", "shraznik", "glimphorn", "florbish", "qwertyuiop", "", "x1"],
)
def test_no_list_has_what_nobody_says(word: str) -> None:
    assert languages_with(word) == ()


def test_every_language_has_its_own_word_for_chair() -> None:
    chairs = {
        "de": "stuhl", "en": "chair", "es": "silla", "fr": "chaise", "it": "sedia", "nl": "stoel",
        "pl": "krzesło", "pt": "cadeira", "tr": "sandalye",
    }  # fmt: skip
    assert set(chairs) == set(LANGUAGES)
    assert all(language in languages_with(word) for language, word in chairs.items())


def test_words_are_folded_to_plain_letters() -> None:
    assert [fold(word) for word in ("Größe", "Çilek", "ışık", "œuvre", "chair")] == [
        "grosse", "cilek", "isik", "oeuvre", "chair",
    ]  # fmt: skip
