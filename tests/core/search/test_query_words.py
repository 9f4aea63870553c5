import pytest

from core.base.title_nouns import TitleNouns
from core.search.query_words import read, split
from core.search.words import MAX_LENGTH
from core.settings import SHIPPED


@pytest.fixture(scope="module")
def nouns():
    return TitleNouns(SHIPPED / "vocabularies")


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("metal chair without cushion", "metal chair", "cushion"),
        ("sofa with no arms", "sofa", "arms"),
        ("desk no drawers", "desk", "drawers"),
        ("lamp, not red", "lamp", "red"),
        ("chair without arms but with cushion", "chair but with cushion", "arms"),
        ("bed without headboard and without drawers", "bed", "headboard, drawers"),
        ("chair without arms or wheels", "chair", "arms, wheels"),
        ("Stuhl ohne Armlehnen", "Stuhl", "Armlehnen"),
        ("dress without a belt, blue", "dress , blue", "belt"),
        ("no cushion", "no cushion", ""),
        ("without", "without", ""),
        ("No. 5 perfume", "No. 5 perfume", ""),
        ("poster in comic sans letters", "poster in comic sans letters", ""),
        ("seven deadly sin sweater", "seven deadly sin sweater", ""),
        ("notebook", "notebook", ""),
        ("chaise en bois sans accoudoirs", "chaise en bois", "accoudoirs"),
        ("silla de madera sin brazos", "silla de madera", "brazos"),
        ("cadeira de madeira sem braços", "cadeira de madeira", "braços"),
        ("sedia senza braccioli", "sedia", "braccioli"),
        ("stoel zonder armleuningen", "stoel", "armleuningen"),
        ("lamp W/O shade", "lamp", "shade"),
        ("lamp except for red and blue nor green", "lamp", "red, blue, green"),
        ("lamp excluding any shade; brass", "lamp ; brass", "shade"),
        ("lamp and without the shade", "lamp", "shade"),
        ("lamp without shade for kitchen", "lamp for kitchen", "shade"),
        ("lamp without shade in red", "lamp in red", "shade"),
        ("lamp without shade and with switch", "lamp and with switch", "shade"),
        ("lamp without 5 bulbs", "lamp without 5 bulbs", ""),
        ("the without lamp", "the without lamp", ""),
        ("", "", ""),
    ],
)
def test_what_a_text_excludes_is_split_from_what_it_wants(text, wanted, unwanted):
    assert split(text) == (wanted, unwanted)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("small round wooden table", "tabl"),
        ("red table lamps", "lamp"),
        ("portrait of a woman", "portrait"),
        ("chair with blue cushions", "chair"),
        ("chair without cushion", "chair"),
        ("sneakers", "sneaker"),
        ("blorptangle", "blorptangl"),
        ("very nice", ""),
        ("椅子", ""),
    ],
)
def test_the_noun_names_what_is_wanted(text, head, nouns):
    assert read(text, nouns).head == head


def test_a_long_text_stays_whole_for_the_encoder(nouns):
    text = "chair " * 1_000
    assert read(text, nouns).wanted == text.strip()


def test_the_words_of_a_query_are_read_in_order_without_stop_words(nouns):
    words = read("  The RED metal chair, red without a Cushion ", nouns)
    assert words.wanted == "The RED metal chair, red"
    assert words.unwanted == "Cushion"
    assert words.words == ("red", "metal", "chair")
    assert words.head == "chair"


def test_only_the_start_of_a_long_text_is_read_for_words(nouns):
    text = "table " + "x" * 400 + " chair"
    assert read(text, nouns).words == ("table", "x" * (MAX_LENGTH - 6))
    late = "table" + " red" * 100 + " without cushion"
    assert (read(late, nouns).unwanted, read(late, nouns).wanted) == ("", late)


def test_a_noun_before_of_wins_and_else_the_whole_text_tells(nouns):
    assert read("set of chairs", nouns).head == "chair"
    assert read("picture of a lamp of brass", nouns).head == "pictur"
    assert read("椅子 lamp", nouns).head == "lamp"
