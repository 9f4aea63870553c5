"""Counts are said with the right form of their noun, everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.base.counts import counted, listed, plural

ROOT = Path(__file__).parents[3]
TRAINING = {"training", "trials", "catalog_pairs"}
#: A count in front of a noun that is always plural.
ALWAYS_PLURAL = re.compile(
    r"\{(?:len\(\w+(?:\.\w+)*\)|\w*(?:count|rows|items|taken|added|gone)\w*)(?::,)?\} "
    r"(?:rows|items|photos|pictures|labels|pairs|queries|votes|people|matches|results)\b"
)


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (1, "weaker match", "1 weaker match"),
        (61, "weaker match", "61 weaker matches"),
        (0, "item", "0 items"),
        (1200, "item", "1,200 items"),
        (1, "person", "1 person"),
        (2, "person", "2 people"),
        (2, "category", "2 categories"),
        (1, "row", "1 row"),
    ],
)
def test_counts_in_words(count: int, noun: str, words: str) -> None:
    assert counted(count, noun) == words


def test_the_plural_of_a_phrase_is_that_of_its_last_word() -> None:
    assert plural("signed-in person") == "signed-in people"


def test_no_text_has_a_plural_behind_any_count() -> None:
    """`1 rows left out` was written so."""
    wrong = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("core", "ui")
        for path in (ROOT / folder).rglob("*.py")
        if not TRAINING & {*path.parts, path.stem}  # its counts are many
        for match in ALWAYS_PLURAL.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not wrong, wrong


def test_lists_are_read_as_sentences() -> None:
    assert [listed(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == [
        "a", "a and b", "a, b and c",
    ]  # fmt: skip
