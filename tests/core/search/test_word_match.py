import math

import pytest

from core.base.title_nouns import TitleNouns
from core.search.colour_match import WantedColours
from core.search.colour_words import ColourWords
from core.search.query_words import QueryWords, read
from core.search.word_families import WordFamilies
from core.search.word_match import AS_PART, IN_DESCRIPTION, WordMatch, WordMatcher, rarity
from core.settings import SHIPPED
from core.store.items import ItemWords


@pytest.fixture(scope="module")
def nouns():
    return TitleNouns(SHIPPED / "vocabularies")


def texts(title, kind="", more="", description=""):
    return ItemWords(title, kind, "\n".join((title, kind, more)), description)


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


def test_all_that_an_item_s_words_say_of_a_query(nouns):
    query = QueryWords("", "", ("big", "red", "wool", "rug"), "rug")
    matcher = WordMatcher(query, "", {"big": 2.0, "red": 3.0, "wool": 4.0}, nouns)
    item = texts("Red rug", "", "", "Of wool. A rug.")
    assert matcher.match(item) == WordMatch(
        shared=("red", "wool", "rug"), missing=("big",),
        cover=pytest.approx((3 + 4 * IN_DESCRIPTION + 1) / 10), head=1.0,
    )  # fmt: skip
    assert not matcher.asks_photo(item)
    nothing = WordMatcher(QueryWords("", "", (), ""), "", {}, nouns).match(item)
    assert nothing == WordMatch()


@pytest.mark.parametrize(
    ("title", "kind", "more", "description", "head"),
    [
        ("Round table", "", "", "", 1.0),
        ("LACK", "Tables", "", "", 1.0),
        ("LACK", "Desks/Side tables", "", "", 1.0),
        ("Table lamp", "Lamps", "", "", AS_PART),
        ("Lamp", "", "for a table", "", AS_PART),
        ("Lamp", "", "", "for your table", AS_PART * IN_DESCRIPTION),
        ("Lamp", "Lamp", "", "", 0.0),
    ],
)
def test_how_far_an_item_is_what_the_noun_names(title, kind, more, description, head, nouns):
    item = texts(title, kind, more, description)
    assert match("round table", item, nouns).head == pytest.approx(head)


def test_a_query_whose_noun_is_not_known_has_no_head(nouns):
    assert match("very nice", texts("Very nice table"), nouns).head is None


def test_parts_of_words_count_where_a_script_has_no_blanks(nouns):
    query = QueryWords("", "", ("赤い椅子", "lamp"), "")
    matcher = WordMatcher(query, "", {}, nouns)
    matched = matcher.match(texts("木の椅子"))
    assert matched.shared == ("椅子",)
    assert matched.missing == ("lamp",)
    assert matched.cover == pytest.approx(0.25)
    described = matcher.match(texts("x", description="椅子 LAMP"))
    assert described.shared == ("椅子", "lamp")
    assert described.cover == pytest.approx((0.5 + 1) / 2 * IN_DESCRIPTION)


def test_rarity_is_that_of_bm25():
    weights = rarity({"a": 2}, 10, ["a", "b"])
    assert weights == {"a": math.log(1 + 8.5 / 2.5), "b": math.log(1 + 10.5 / 0.5)}


@pytest.mark.parametrize(
    ("title", "marked"),
    [
        ("Chair with cushion", True),
        ("Chair without cushion", False),
        ("Chair, without any cushion", False),
        ("Chair without a seat cushion", True),
        ("Chair W/O Cushion", False),
        ("Chair, no cushion", False),
        ("Non-cushion chair", False),
        ("Stuhl ohne Cushion", False),
        ("chaise sans cushion", False),
        ("Chair excluding cushion", False),
        ("Chair excl. cushion", False),
        ("Chair, not cushion", False),
        ("Cushion free chair", False),
        ("Cushion-less chair", False),
        ("CUSHION-FREE chair", False),
        ("Cushion freely chosen", True),
        ("Chair without arms, with cushion", True),
        ("Chair without cushion and a cushion", True),
        ("Chair without cushion, no cushions", False),
        ("Casino cushion", True),
        ("without " + " " * 30 + "cushion", True),
    ],
)
def test_what_a_title_denies_is_not_there(title, marked, nouns):
    words = read("chair", nouns)
    matched = WordMatcher(words, "cushion", {}, nouns).match(texts(title))
    assert matched.unwanted == ("cushion" if marked else "")


def test_each_thing_that_is_left_out_counts_alone_and_the_first_is_named(nouns):
    words = read("chair", nouns)

    def marked(unwanted, title):
        return WordMatcher(words, unwanted, {}, nouns).match(texts(title)).unwanted

    assert marked("wheel; red cushion, arm", "Chair with arms and a wheel") == "wheel"
    assert marked("wheel; red cushion, arm", "Chair with arms") == "arm"
    assert marked("wheel; red cushion, arm", "Cushion in red") == "red cushion"
    assert marked("wheel; red cushion, arm", "Cushion") == ""
    assert marked(" , the ;", "Chair") == ""


def test_a_thing_s_words_may_each_stand_for_a_kind(nouns):
    words, families = read("chair", nouns), WordFamilies(SHIPPED / "vocabularies")
    matcher = WordMatcher(words, "wooden legs", {}, nouns, families)
    assert matcher.match(texts("Oak chair without legs")).unwanted == ""
    assert matcher.match(texts("Chair with leg of oak")).unwanted == "wooden legs"


def test_a_colour_counts_by_its_own_rules_and_the_photo_by_what_it_shows(nouns):
    colours = ColourWords(SHIPPED / "vocabularies", nouns.things)
    query = read("red green chair", nouns)
    matcher = WordMatcher(query, "", {}, nouns, None, WantedColours(query, colours))
    silent = texts("Chair")
    assert matcher.asks_photo(silent)
    assert not matcher.asks_photo(texts("Blue chair"))
    shares = {"red": 0.8, "green": 0.1}
    matched = matcher.match(silent, shares)
    assert (matched.seen, matched.shared, matched.missing) == (("red",), ("chair",), ("green",))
    assert matched.colour == pytest.approx(0.25)
    assert matched.cover == pytest.approx(1.5 / 3)
    described = matcher.match(texts("Chair", description="Red."), shares)
    assert (described.seen, described.shared) == ((), ("red", "chair"))
    assert described.colour == pytest.approx(0.25)
    blue = matcher.match(texts("Blue chair", description="Red."), shares)
    assert (blue.colour, blue.missing) == (0.0, ("red", "green"))
    assert match("chair", silent, nouns).colour is None
