import pytest

from core.base.title_nouns import TitleNouns
from core.search.query_words import read
from core.search.word_families import WordFamilies
from core.search.word_match import IN_DESCRIPTION, WordMatcher, rarity
from core.settings import SHIPPED
from core.store.items import ItemTexts


@pytest.fixture(scope="module")
def nouns():
    return TitleNouns(SHIPPED / "vocabularies")


def texts(title, kind="", more="", description=""):
    return ItemTexts(title, kind, "\n".join((title, kind, more)), description)


def match(query, item, nouns, unwanted="", rare=None):
    words = read(query, nouns)
    families = WordFamilies(SHIPPED / "vocabularies")
    return WordMatcher(words, unwanted or words.unwanted, rare or {}, nouns, families).match(item)


def test_a_table_lamp_is_no_table(nouns):
    table = match("small round wooden table", texts("Oak table"), nouns)
    lamp = match("small round wooden table", texts("Small round wooden table lamp"), nouns)
    assert table.head == 1
    assert lamp.head < 0.5
    assert lamp.cover == 1


def test_the_type_names_the_item_where_its_title_does_not(nouns):
    assert match("tables", texts("LACK", "Side table"), nouns).head == 1


def test_rare_words_weigh_more(nouns):
    weights = rarity({"women": 100, "sari": 1}, 100, ["women", "sari"])
    assert weights["sari"] > 5 * weights["women"]
    assert match("women sari", texts("Silk sari"), nouns, rare=weights).cover > 0.8
    assert match("women sari", texts("Women belt"), nouns, rare=weights).cover < 0.2


def test_a_word_of_the_description_counts_less(nouns):
    matched = match("garden lamp", texts("Lamp", description="Nice in a garden."), nouns)
    assert matched.shared == ("garden", "lamp")
    assert matched.cover == pytest.approx((1 + IN_DESCRIPTION) / 2)


@pytest.mark.parametrize(
    ("title", "unwanted"),
    [
        ("Metal chair with cushion", "cushion"),
        ("Metal chair with two cushions", "cushion"),
        ("Metal chair without cushion", ""),
        ("Metal chair, no seat cushion", ""),
        ("Cushion-free chair", ""),
        ("Metal chair", ""),
    ],
)
def test_items_with_what_is_unwanted_are_marked(title, unwanted, nouns):
    assert match("chair without cushion", texts(title), nouns).unwanted == unwanted


def test_the_field_without_counts_like_the_words(nouns):
    item = texts("Chair with red cushion")
    assert match("chair", item, nouns, "red cushion, stool").unwanted == "red cushion"
    assert match("chair", item, nouns, "blue cushion").unwanted == ""


@pytest.mark.parametrize(
    ("unwanted", "title", "more", "marked"),
    [
        ("wood", "Wooden chair", "", "wood"),
        ("wood", "Oak chair", "", "wood"),
        ("wooden", "Chair", "Material: wood", "wooden"),
        ("wood", "Wood-free chair", "", ""),
        ("wood", "Steel chair", "", ""),
        ("metal", "Chair of stainless steel", "", "metal"),
        ("stripes", "Striped shirt", "", "stripes"),
        ("blue", "Navy shirt", "", "blue"),
        ("wooden legs", "Chair with oak legs", "", "wooden legs"),
        ("wooden legs", "Oak chair", "", ""),
    ],
)
def test_what_is_left_out_is_left_out_with_its_forms_and_kinds(
    unwanted, title, more, marked, nouns
):
    assert match("chair", texts(title, more=more), nouns, unwanted).unwanted == marked
