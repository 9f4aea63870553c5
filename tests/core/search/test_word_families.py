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


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "word_families.txt").write_text("wood wooden woody\nwool woollen\n")
    (tmp_path / "materials.toml").write_text(
        '[terms]\nwood = ["timber"]\noak = ["red oak", "wood"]\nash = []\n'
        '[families]\nwood = ["oak", "ash", "wood", "elm"]\n'
    )
    (tmp_path / "patterns.toml").write_text('[terms]\nplain = ["the"]\n')
    (tmp_path / "colours.toml").write_text(
        '[terms]\norange = ["tangerine"]\npeach = []\n[families]\norange = ["peach", "orange"]\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("wood", {("wood",), ("timber",), ("oak",), ("red", "oak"), ("ash",), ("elm",),
                  ("wooden",), ("woody",)}),
        ("Timbers", {("wood",), ("timber",), ("oak",), ("red", "oak"), ("ash",), ("elm",)}),
        ("oak", {("oak",), ("red", "oak"), ("wood",)}),
        ("red oak", {("oak",), ("red", "oak"), ("wood",)}),
        ("ash", {("ash",)}),
        ("woollen", {("wool",), ("woollen",)}),
        ("wooden legs", {("wooden", "leg")}),
        ("plain", {("plain",)}),
        ("orange", {("orang",), ("tangerin",)}),
        ("the", set()),
    ],
)  # fmt: skip
def test_a_word_stands_for_its_spellings_its_kinds_and_its_adjectives(text, phrases, folder):
    families = WordFamilies(folder, {"peach", "tangerine"})
    assert families.of(text) >= phrases
    extra = families.of(text) - phrases
    assert all(phrase in {("wood",), ("timber",), ("oak",), ("red", "oak"), ("ash",), ("elm",)}
               for phrase in extra)  # fmt: skip


def test_without_things_every_kind_counts(folder):
    assert WordFamilies(folder).of("orange") == {("orang",), ("tangerin",), ("peach",)}
    assert WordFamilies(folder, {"peach"}).of("orange") == {("orang",), ("tangerin",)}
    assert WordFamilies(folder, {"peach"}).of("peach") == {("peach",)}
