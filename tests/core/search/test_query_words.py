import pytest

from core.base.title_nouns import TitleNouns
from core.search.query_words import read, split
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
