"""A query's words: their language, their colours, and whether only vectors tell what is close."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import pytest

from core.domain import Query
from core.search.evidence import Evidence
from core.search.query_reading import QueryReader
from core.search.query_words import QueryWords
from core.search.word_match import WordMatch
from core.settings import SHIPPED
from core.store.items import ItemWords

FOLDER = SHIPPED / "vocabularies"


class Counts:
    """A catalogue that has the word “zorbax”, in German."""

    language = "de"

    def have(self, words):
        return list(words) == ["zorbax"]

    def rarity(self, words):
        return {word: 1.0 if word == "chair" else 3.0 for word in words}


class Polyglot:
    languages = ("de", "en", "fr")

    def __init__(self):
        self.texts = []

    def language_of(self, text):
        self.texts.append(text)
        return "fr"

    def encode_queries(self, texts, language=""):
        raise NotImplementedError


@pytest.fixture(scope="module")
def reader():
    return QueryReader(Counts(), FOLDER)


def test_a_short_query_is_in_the_language_that_its_words_have(reader):
    query = Query(" zorbax ")
    assert reader.read(query, Polyglot()) == ("de", Query(" zorbax ", language="de"))
    query = Query("une chaise rouge pour le salon")
    assert reader.read(query, Polyglot()) == ("fr", query)
    assert reader.read(Query("zorbax", language="fr"), Polyglot())[0] == "fr"
    assert reader.read(Query("  "), Polyglot()) == ("", Query("  "))
    assert reader.read(Query("zorbax"), SimpleNamespace()) == ("", Query("zorbax"))
    encoder = Polyglot()
    reader.read(Query(" " + "x " * 4000), encoder)
    assert len(encoder.texts[0]) == 4000
    assert encoder.texts[0].startswith("x")


@pytest.mark.parametrize(
    ("text", "language", "rest"),
    [
        ("blauer Sessel", "de", "Sessel"),
        ("blauer Sessel", "en", None),
        ("blauer Sessel", "", None),
        ("Sessel", "de", None),
        ("blau", "de", None),
    ],
)
def test_colours_are_left_to_the_comparison_in_other_languages(text, language, rest, reader):
    query = Query(text, k=3)
    expected = query if rest is None else Query(rest, k=3, language=language)
    assert reader.without_colours(query, language) == expected


def evidence(cover):
    return Evidence("a", "", 0.1, 0.1, words=WordMatch(cover=cover))


@pytest.mark.parametrize(
    ("language", "words", "cover", "foreign"),
    [
        ("de", ("sessel",), 0.0, True),
        ("de", ("sessel",), 0.9, True),
        ("de", ("sessel",), 0.91, False),
        ("en", ("sessel",), 0.0, False),
        ("", ("sessel",), 0.0, False),
        ("de", ("chair",), 0.0, False),
        ("de", ("chair", "sessel"), 0.0, True),
        ("de", ("käse",), 0.0, True),
        ("de", None, 0.0, False),
    ],
)
def test_only_vectors_tell_where_no_list_and_no_item_has_the_words(
    language, words, cover, foreign, reader
):
    asked = QueryWords("", "", words, "") if words else None
    assert reader.is_foreign(language, asked, [evidence(0.0), evidence(cover)]) == foreign


def item(title):
    return ItemWords(title, "", title, "")


def test_items_are_compared_by_rarity_kinds_and_colours(reader):
    words = QueryWords("", "", ("navy", "chair"), "chair")
    matcher = reader.matcher(words, "wood", "en")
    matched = matcher.match(item("Oak chair"))
    assert matched.cover == pytest.approx(0.25)
    assert matched.unwanted == "wood"
    assert matched.head == 1.0
    assert matcher.match(item("Blue chair")).colour == 0.8
    assert reader.matcher(words, "", "en").match(item("Oak chair")).unwanted == ""
    orange = QueryWords("", "", ("orange",), "orang")
    assert reader.matcher(orange, "", "en").match(item("x")).colour is None
    assert reader.matcher(orange, "", "").match(item("x")).colour is None
    assert reader.matcher(orange, "", "fr").match(item("x")).colour == 0.0


def test_word_lists_are_read_once(reader):
    assert reader.nouns is QueryReader(Counts(), FOLDER).nouns
    assert reader.nouns.is_known_word("chair")


class EnglishCounts(Counts):
    """An English catalogue that has the word “bank”."""

    language = "en"

    def have(self, words):
        return list(words) == ["bank"]


@pytest.mark.parametrize(
    ("query", "language", "text"),
    [
        (Query("chaise en bois"), "fr", "wooden chair"),
        (Query("krzesło"), "pl", "chair"),
        (Query("bank"), "", "bank"),
        (Query("bank", language="nl"), "", "bank"),
        (Query("stoel", language="nl"), "nl", "chair"),
        (Query("stoel", language="en"), "", "stoel"),
        (Query("wooden chair"), "", "wooden chair"),
        (Query("grand piano"), "", "grand piano"),
        (Query("chaise", minus="bois"), "", "chaise"),
        (Query("zorbax"), "", "zorbax"),
        (Query(" "), "", " "),
    ],
)
def test_known_words_of_other_languages_are_searched_in_english(query, language, text):
    reader = QueryReader(EnglishCounts(), FOLDER)
    read, asked = reader.in_english(query, Polyglot())
    assert (read, asked.text) == (language, text)
    assert asked.language == ("en" if language else query.language)
    assert reader.in_english(query, SimpleNamespace())[0] == language


def test_a_catalogue_in_another_language_is_searched_in_it(reader):
    assert reader.in_english(Query("chaise en bois"), Polyglot()) == ("", Query("chaise en bois"))


class NoWords(EnglishCounts):
    """An English catalogue without any of the query's words."""

    def have(self, words):
        return False


@pytest.mark.parametrize(
    "text",
    [
        "pan",
        "gilet",
        "raisins",
        "rock",
        "top",
        "mouse",
        "baskets",
        "crayons",
        "sale",
        "hut",
        "tongs",
        "nappies",
        "whisk",
        "teal chair",
        "basket planter",
        "camisoles",
        "low",
        "player",
        "robes",
        "top hat",
        "pot rack",
        "grand piano",
    ],
)
@pytest.mark.parametrize("read", ["fr", "de", "es", "nl", "tr"])
def test_english_goods_are_english_whatever_they_mean_elsewhere(text, read):
    encoder = SimpleNamespace(
        languages=("de", "en", "es", "fr", "nl", "tr"),
        language_of=lambda text: read,
        encode_queries=None,
    )
    assert QueryReader(NoWords(), FOLDER).in_english(Query(text), encoder) == ("", Query(text))


@pytest.mark.parametrize(
    ("query", "english"),
    [
        (Query("gilet", language="fr"), "cardigan"),
        (Query("pan", language="es"), "bread"),
        (Query("table rouge"), "red table"),
        (Query("chaise rouge"), "red chair"),
        (Query("tabouret"), "stool"),
        (Query("planter", language="fr"), "plant"),
    ],
)
def test_a_set_language_and_words_that_english_shops_seldom_use_are_translated(query, english):
    assert QueryReader(NoWords(), FOLDER).in_english(query, Polyglot())[1].text == english


def test_english_names_of_the_lists_are_english():
    with (FOLDER / "things_in_languages.csv").open(encoding="utf-8", newline="") as file:
        names = [row["en"] for row in csv.DictReader(file)]
    english = QueryReader(NoWords(), FOLDER)
    texts = [*names, *(f"red {name}" for name in names)]
    read = {text: english.in_english(Query(text), Polyglot())[1].text for text in texts}
    assert {text: other for text, other in read.items() if other != text} == {}
