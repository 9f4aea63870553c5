import pytest

from core.search.words import MAX_LENGTH, clipped, content_words, parts, shared, stem


def test_words_that_say_nothing_are_left_out():
    assert content_words("Oranges in a Crate, a crate!") == ["oranges", "crate"]


@pytest.mark.parametrize(
    ("query", "text", "words"),
    [
        ("wooden chair", "A Chair\nmade of wood", ["chair"]),
        ("oranges in a crate", "orange, crates", ["oranges", "crate"]),
        ("glass", "glasses", ["glass"]),
        ("dress", "red dresses", ["dress"]),
        ("mug", "smuggler", []),
        ("Käse", "KÄSE", ["käse"]),
        ("लाल कुर्सी", "बिना हत्थे की लाल लकड़ी की कुर्सी", ["लाल", "कुर्सी"]),
        ("เก้าอี้", "เก้าอี้ไม้สีแดง", ["เก้าอี้"]),
        ("สีแดง", "เก้าอี้ไม้สีแดง", ["สีแดง"]),
        ("赤い椅子", "赤い木の椅子", ["赤い", "椅子"]),
        ("木椅", "红色无扶手木椅", ["木椅"]),
        ("silla de madera", "Portrait of Jeanne de France", []),
        ("chaise en bois", "Fille en robe", []),
    ],
)
def test_shared(query, text, words):
    assert shared(query, text) == words


@pytest.mark.parametrize("text", ["", "   ", "😀 !!", "in a the", "für die", "की"])
def test_texts_without_a_word_are_not_looked_up(text):
    assert clipped(text) == ""


def test_long_texts_are_clipped():
    assert len(clipped("chair " * 5000)) == MAX_LENGTH
    assert clipped("x" * 9 + " " * MAX_LENGTH) == "x" * 9 + " " * (MAX_LENGTH - 9)
    assert clipped(" " * MAX_LENGTH + "chair") == ""


@pytest.mark.parametrize(
    ("word", "stemmed"),
    [
        ("boxes", "box"), ("axes", "axe"), ("cars", "car"), ("bus", "bus"), ("table", "tabl"),
        ("cape", "cape"), ("glass", "glass"), ("glasses", "glass"), ("lamp", "lamp"), ("s", "s"),
    ],
)  # fmt: skip
def test_singular_and_plural_have_one_stem_and_short_words_stay(word, stemmed):
    assert stem(word) == stemmed


@pytest.mark.parametrize(
    ("word", "text", "common"),
    [
        ("abcdef", "x abcx defx", ["abc", "def"]),
        ("abcdef", "x abx cdefx", ["cdef"]),
        ("abcde", "abcde", ["abcde"]),
        ("ab", "xaby", ["ab"]),
        ("ab", "xay", []),
        ("abc", "xaby", []),
        ("abcxyz", "xyz abc", ["abc", "xyz"]),
        ("木椅子", "木椅 椅子", ["木椅"]),
        ("木椅子", "木 椅子", ["椅子"]),
        ("", "abc", []),
    ],
)
def test_the_longest_parts_of_a_word_are_found_from_its_start(word, text, common):
    assert parts(word, text) == common


def test_a_part_that_is_a_stop_word_says_nothing():
    assert parts("xxxthe", "the") == []


def test_words_that_a_query_repeats_are_shared_once():
    assert shared("Chair chairs lamp", "lamps, chair") == ["chair", "chairs", "lamp"]
    assert shared("赤い椅子 椅子", "椅子") == ["椅子"]


@pytest.mark.parametrize(
    ("query", "text", "words"),
    [
        ("couch", "Red sofa", ["couch"]),
        ("couches", "Red sofa", ["couches"]),
        ("t-shirt", "Logan HeatTec Tee - Red", ["tee"]),
        ("t-shirts", "Logan HeatTec Tee - Red", ["tee"]),
        ("jumper", "Wool sweaters", ["jumper"]),
        ("tank top", "Primo Endurance Tank", ["tank"]),
        ("shirt", "Red t-shirt", []),
        ("bookshelf", "Shelf with a book", []),
    ],
)
def test_names_of_one_thing_are_one_word(query, text, words):
    assert shared(query, text) == words
