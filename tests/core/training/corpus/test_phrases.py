from __future__ import annotations

from pathlib import Path

import pytest

from core.training.corpus.lexicon import Lexicon, read_lexicon
from core.training.corpus.phrases import phrases, variants

# WordNet's format: lemma pos synsets pointers symbols… senses tagged offsets…; and offset file …
INDEX = """  1 licence text
chair n 2 1 @ 2 2 00000001 00000002
coffee_table n 1 1 @ 1 1 00000001
xqzzy n 1 0 1 0 00000001
idea n 1 0 1 0 00000003
"""
DATA = """  1 licence text
00000001 06 n 01 chair 0 000 | a seat
00000002 18 n 01 chair 0 000 | a person
00000003 09 n 01 idea 0 000 | a thought
"""


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    folder = tmp_path / "usr/share/wordnet"
    folder.mkdir(parents=True)
    (folder / "index.noun").write_text(INDEX)
    (folder / "data.noun").write_text(DATA)
    return read_lexicon(tmp_path)


def test_only_common_words_for_things_that_can_be_seen(lexicon: Lexicon) -> None:
    assert lexicon.single == ["chair"]
    assert lexicon.compound == ["coffee table"]
    assert lexicon.of("artifact", 9) == ["chair", "coffee table"]
    assert lexicon.of("person", 9) == []


def test_phrases_are_unique_and_repeatable(lexicon: Lexicon) -> None:
    made = phrases(lexicon, ["sarees"])
    assert len(made) == len(set(made)) > 2000
    assert made == phrases(lexicon, ["sarees"])
    assert {"portrait of a woman", "sarees", "yoga mat", "coffee table"} <= set(made)


def test_variants_get_one_article() -> None:
    assert variants("red chair") == ("red chair", "a photo of a red chair", "a red chair")
    assert variants("a beach") == ("a beach", "a photo of a beach")
