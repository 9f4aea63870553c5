import pytest

from core.search.words import MAX_LENGTH, clipped, content_words, shared


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
