"""Inflected and quickly typed names have a form in common with the name."""

from __future__ import annotations

import pytest

from core.search.name_forms import folded, name_forms, usual_characters


@pytest.mark.parametrize(
    ("language", "name", "typed"),
    [
        ("de", "Stuhl", "Stuehle"),
        ("de", "Fußmatte", "FUSSMATTEN"),
        ("fr", "œufs", "oeuf"),
        ("pl", "łóżko", "lozko"),
        ("tr", "yastık", "yastiklar"),
        ("ru", "ковёр", "ковер"),
        ("ar", "أريكة", "اريكه"),
        ("ar", "كرسي", "الكرسى"),
        ("ja", "コンピューター", "こんぴゅーた"),
        ("ko", "커피 테이블", "커피테이블"),
        ("zh", "衣柜", "衣櫃"),
    ],
)
def test_a_typed_word_is_found_under_a_form_of_the_name(language, name, typed):
    assert set(name_forms(name, language)) & set(name_forms(typed, language))


def test_a_short_name_keeps_its_long_vowel():
    assert name_forms("キー", "ja") == ("きー",)


def test_usual_characters_stand_where_the_given_ones_stood():
    assert usual_characters("紅色衣櫃", "zh") == "红色衣柜"
    assert usual_characters("赤いソファー", "ja") == "赤いそふぁー"
    assert usual_characters("커피", "ko") == "커피"
    assert folded("Ｔシャツ") == "tシャツ"
