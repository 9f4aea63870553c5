import numpy as np
import pytest
from PIL import Image

from core.base.colours import NAMES, product_shares
from core.base.title_nouns import TitleNouns
from core.search.colour_match import WantedColours
from core.search.colour_words import ColourWords
from core.search.query_words import read
from core.search.word_match import IN_DESCRIPTION, WordMatcher
from core.search.words import content_words, stem
from core.settings import SHIPPED
from core.store.items import ItemWords


@pytest.fixture(scope="module")
def nouns():
    return TitleNouns(SHIPPED / "vocabularies")


@pytest.fixture(scope="module")
def words(nouns):
    return ColourWords(SHIPPED / "vocabularies", nouns.things)


@pytest.mark.parametrize(
    ("word", "colour"),
    [("red", "red"), ("navy", "blue"), ("burgundy", "red"), ("gray", "grey"), ("golden", "yellow"),
     ("blauer", "blue"), ("roja", "red"), ("noire", "black"), ("красное", "red"),
     ("赤い椅子", "red"), ("白色衬衫", "white"), ("chair", ""), ("", "")],
)  # fmt: skip
def test_words_name_basic_colours_in_many_languages(word, colour, words):
    assert words.basic(word) == colour


@pytest.mark.parametrize(
    ("text", "rest"),
    [("blauer Sessel", "Sessel"), ("赤い椅子", "椅子"), ("Stuhl, rot", "Stuhl,"), ("rot", "")],
)
def test_a_query_without_its_colours(text, rest, words):
    assert words.without(text) == rest


def credit(query, nouns, words, title, colour="", shares=None, foreign=False):
    texts = ItemWords(title, "", f"{title}\n{colour}", "", colour)
    asked = read(query, nouns)
    wanted = WantedColours(asked, words, foreign=foreign)
    return WordMatcher(asked, "", {}, nouns, None, wanted).match(texts, shares)


def test_a_shade_counts_for_its_colour(nouns, words):
    assert credit("blue chair", nouns, words, "Navy chair").colour == 1
    assert 0.5 < credit("navy chair", nouns, words, "Blue chair").colour < 1
    assert credit("blue chair", nouns, words, "Stuhl blau").colour == 1


def test_the_colour_column_wins_over_a_name_in_the_title(nouns, words):
    brand = credit("red shirt", nouns, words, "Red Tape shirt", "Blue")
    own = credit("red shirt", nouns, words, "Levis shirt", "Red")
    assert brand.colour < 0.5 < own.colour


def test_the_photo_counts_where_no_word_says_a_colour(nouns, words):
    red = {"red": 0.7, "white": 0.3}
    seen = credit("red chair", nouns, words, "Chair", shares=red)
    assert seen.seen == ("red",)
    assert seen.shared == ("chair",)
    assert seen.missing == ()
    assert seen.cover > credit("red chair", nouns, words, "Chair").cover
    said = credit("red chair", nouns, words, "Blue chair", shares=red)
    assert said.seen == ()
    assert said.missing == ("red",)


def test_a_fruit_is_no_colour(nouns, words):
    assert credit("orange", nouns, words, "Pumpkin", shares={"orange": 1.0}).colour is None
    red = credit("chaise rouge", nouns, words, "Chair", shares={"red": 1.0}, foreign=True)
    assert red.seen == ("rouge",)
    assert credit("plum jam", nouns, words, "Jam", shares={"purple": 1.0}).colour == 0


def test_a_product_on_a_plain_ground_has_its_own_colours():
    pixels = np.full((80, 80, 3), 255, np.uint8)
    pixels[30:50, 30:50] = (200, 20, 20)
    shares = dict(zip(NAMES, product_shares(Image.fromarray(pixels)), strict=True))
    assert shares["red"] > 0.9
    white = product_shares(Image.new("RGB", (50, 50), "white"))
    assert dict(zip(NAMES, white, strict=True))["white"] == 1


def test_a_colour_that_only_the_description_says_counts(nouns, words):
    texts = ItemWords("Wallet", "", "Wallet", "Brown leather.")
    asked = read("brown wallet", nouns)
    match = WordMatcher(asked, "", {}, nouns, None, WantedColours(asked, words)).match(texts, {})
    assert match.shared == ("brown", "wallet")
    assert match.colour == IN_DESCRIPTION


def wanted_colours(query, nouns, words, foreign=False):
    return WantedColours(read(query, nouns), words, foreign=foreign)


def texts_of(title, colour=""):
    return ItemWords(title, "", title, "", colour)


@pytest.mark.parametrize(
    ("query", "title", "column", "shares", "credits"),
    [
        ("red chair", "Chair", "red", None, {"red": 1.0}),
        ("navy chair", "Chair", "blue", None, {"navy": 0.8}),
        ("navy chair", "Navy chair", "blue", None, {"navy": 1.0}),
        ("red chair", "Red Tape chair", "blue", None, {"red": 0.3}),
        ("red chair", "Chair", "blue", {"red": 1.0}, {"red": 0.0}),
        ("red chair", "Red chair", "", None, {"red": 1.0}),
        ("red chair", "Blue chair", "", {"red": 1.0}, {"red": 0.0}),
        ("red chair", "Chair", "", None, {"red": 0.0}),
        ("red chair", "Chair", "", {}, {"red": 0.0}),
        ("red chair", "Chair", "", {"red": 0.29}, {"red": 0.0}),
        ("red chair", "Chair", "", {"red": 0.3}, {"red": 0.5 * 0.3 / 0.8}),
        ("red chair", "Chair", "", {"red": 0.8}, {"red": 0.5}),
        ("red chair", "Chair", "", {"red": 1.0}, {"red": 0.5}),
        ("plum chair", "Chair", "", {"purple": 1.0}, {"plum": 0.0}),
        ("plum chair", "Plum chair", "", {"purple": 1.0}, {"plum": 1.0}),
        ("red blue chair", "Red chair", "", None, {"red": 1.0, "blue": 0.0}),
        ("chair", "Red chair", "", None, {}),
    ],
)
def test_credit_for_a_colour(query, title, column, shares, credits, nouns, words):
    texts = texts_of(title, column)
    stems = frozenset(map(stem, content_words(title)))
    given = wanted_colours(query, nouns, words).credit(texts, stems, shares)
    assert given == pytest.approx(credits)


@pytest.mark.parametrize(
    ("query", "title", "column", "looks"),
    [
        ("red chair", "Chair", "", True),
        ("red chair", "Blue chair", "", False),
        ("red chair", "Chair", "blue", False),
        ("red chair", "Plum chair", "", True),
        ("red chair", "Chair", "plum", False),
        ("chair", "Chair", "", False),
    ],
)
def test_the_photo_is_asked_where_words_say_no_colour(query, title, column, looks, nouns, words):
    assert wanted_colours(query, nouns, words).asks_photo(texts_of(title, column)) == looks


@pytest.mark.parametrize(
    ("query", "foreign", "colours"),
    [
        ("orange", False, ()),
        ("orange", True, ("orange",)),
        ("orange chair", False, ("orange",)),
        ("plum", False, ()),
        ("plum", True, ("plum",)),
        ("red", False, ("red",)),
    ],
)
def test_a_word_that_names_the_thing_is_no_colour(query, foreign, colours, nouns, words):
    given = wanted_colours(query, nouns, words, foreign).credit(texts_of("x"), frozenset(), None)
    assert tuple(given) == colours


def test_in_another_language_a_photo_may_show_what_is_a_thing_in_english(nouns, words):
    shares = {"purple": 1.0}
    for foreign, credit_given in ((False, 0.0), (True, 0.5)):
        wanted = wanted_colours("plum chair", nouns, words, foreign)
        assert wanted.credit(texts_of("Chair"), frozenset(), shares) == {"plum": credit_given}


def test_words_that_may_be_things_count_where_they_are_sure(words):
    assert words.is_doubtful("plum")
    assert not words.is_doubtful("red")
    assert not words.is_doubtful("orange")  # a basic colour
    assert words.named_in("plum red", sure=True) == {"red"}
    assert words.named_in("plum red", sure=False) == {"purple", "red"}
    assert words.named_in("Plum, RED chair") == {"red"}
    assert words.named_in("chair") == frozenset()


@pytest.mark.parametrize(
    ("word", "colour"),
    [("silver", "grey"), ("gold", "yellow"), ("golden", "yellow"), ("charcoal", "black"),
     ("schwarzes", "black"), ("黒い", "black"), ("green", "green"), ("navy blue", "blue")],
)  # fmt: skip
def test_families_of_shades_are_basic_colours(word, colour, words):
    assert words.basic(word) == colour


@pytest.mark.parametrize(
    ("text", "rest"),
    [("Rot; blau. Sessel", "Sessel"), ("  roter   alter Sessel ", "alter Sessel"),
     ("赤い木の椅子", "木の椅子"), ("白色衬衫 rot", "衬衫"), ("Sessel", "Sessel"), ("", "")],
)  # fmt: skip
def test_colours_are_taken_out_of_a_text_in_any_script(text, rest, words):
    assert words.without(text) == rest


def test_the_first_colour_of_a_column_is_the_main_one(nouns, words):
    white = credit("white shoes", nouns, words, "Shoes", "white")
    second = credit("white shoes", nouns, words, "Shoes", "red; white")
    assert credit("white shoes", nouns, words, "Shoes", "white; red").colour == white.colour == 1
    assert 0.5 < second.colour < 1
    assert second.cover == white.cover == 1, "it is white, too, so it is no worse an answer"
    assert credit("red and white shoes", nouns, words, "Shoes", "red; white").colour == 0.8
