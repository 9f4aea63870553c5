import pytest

from core.search.word_families import WordFamilies
from core.search.words import stem
from core.settings import SHIPPED


@pytest.fixture(scope="module")
def families():
    return WordFamilies(SHIPPED / "vocabularies", frozenset({"peach"}))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("wood", ["wooden", "oak", "timber"]),
        ("wooden", ["wood", "walnut"]),
        ("leather", ["leathery"]),
        ("stripes", ["striped"]),
        ("sleeves", ["sleeved"]),
        ("metal", ["steel", "metallic"]),
        ("blue", ["navy"]),
        ("gray", ["grey"]),
        ("gold", ["golden"]),
    ],
)
def test_a_word_has_its_adjectives_and_kinds(text, kinds, families):
    assert {(stem(kind),) for kind in kinds} <= families.of(text)


def test_a_kind_does_not_stand_for_the_whole(families):
    assert ("wooden",) not in families.of("oak")


def test_a_word_that_names_a_thing_is_no_kind_of_a_colour(families):
    assert ("peach",) not in families.of("orange")
    assert ("coral",) in families.of("orange")


def test_phrases_and_nothing(families):
    assert families.of("red cushion") == {("red", "cushion")}
    assert families.of("") == frozenset()
