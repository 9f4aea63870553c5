"""Generate texts like listings, captions and queries, by a seeded grammar per department."""

from __future__ import annotations

import random
import re
import string
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from core.training.corpus.lexicon import Lexicon

Words = Mapping[str, list[str]]

#: Longest text, characters.
LONGEST = 110


def listings(seed: int = 3) -> Iterator[str]:
    """Yield texts without end, departments in turn; the same seed gives the same texts."""
    words = tomllib.loads(Path(__file__).with_name("listings.toml").read_text("utf-8"))
    general = {name: value for name, value in words.items() if isinstance(value, list)}
    departments = [value for value in words.values() if isinstance(value, dict)]
    rng = random.Random(seed)  # noqa: S311
    while True:
        for department in departments:
            yield listing(_Slots({**general, **department}, rng))


class _Slots:
    """Draws the words that fill a pattern."""

    def __init__(self, words: Words, rng: random.Random) -> None:
        self._words, self.rng = words, rng

    def __getitem__(self, name: str) -> str:
        if name == "model":
            return model_name(self.rng)
        if name == "maker":
            own = self.rng.random() < 0.7
            return self.rng.choice(self._words["brands"]) if own else invented(self.rng)
        if name == "a_noun":
            return with_article(self.rng.choice(self._words["nouns"]))
        return self.rng.choice(self._words[name])


#: Patterns by length: queries, captions, titles of listings.
PATTERNS = (
    ("{nouns}", 3),
    ("{colours} {nouns}", 5),
    ("{materials} {nouns}", 4),
    ("{adjectives} {nouns}", 4),
    ("{nouns} {features}", 5),
    ("{maker} {nouns}", 5),
    ("{nouns} for {people}", 3),
    ("{finishes} {colours} {nouns}", 2),
    ("{colours} {materials} {nouns}", 4),
    ("{adjectives} {materials} {nouns} {features}", 3),
    ("{a_noun} {places}", 3),
    ("{a_noun}, {colours}, {places}", 1),
    ("a photo of {a_noun}", 1),
    ("{people} {colours} {nouns}", 3),
    ("{maker} {colours} {nouns}", 4),
    ("{maker} {model} {nouns}", 4),
    ("{maker} {model}", 1),
    ("{maker} {nouns} {sizes}", 4),
    ("{maker} {people} {colours} {nouns}", 3),
    ("{maker} {materials} {nouns} {sizes}", 4),
    ("{maker} {model} {nouns} {features} {colours}", 4),
    ("{maker} {model} {nouns}, {features}, {sizes}", 4),
    ("{maker} {adjectives} {materials} {nouns} - {colours}", 3),
    ("{maker} {model} {sizes} {nouns} {features} - {colours}", 3),
    ("{nouns}, {materials}, {colours}, {sizes}", 3),
    ("{nouns} {sizes} {colours} {ends}", 2),
    ("{adjectives} {nouns} {features}, {colours}, {sizes}, {ends}", 2),
    ("{maker} {adjectives} {nouns} {features}, {materials}, {sizes} ({ends})", 2),
    ("{maker} {nouns} {features} for {people}, {colours} {materials}, {sizes}", 2),
    ("{nouns} and {nouns}", 1),
)


#: Patterns of captions.
CAPTIONS = (
    "a {noun}", "a {noun}", "{noun}", "the {noun}", "a {adjective} {noun}", "{adjective} {noun}",
    "a photo of a {noun}", "a {noun} {place}", "two {noun}s", "some {noun}s",
    "a drawing of a {noun}",
    "a {noun} and a {adjective} {noun}", "a group of {noun}s", "close-up of a {noun}",
)  # fmt: skip


def listing(slots: _Slots) -> str:
    """Return one text, in the case that titles and queries are in."""
    weights = [weight for _, weight in PATTERNS]
    (pattern,) = slots.rng.choices([pattern for pattern, _ in PATTERNS], weights)
    text = re.sub(r"\{(\w+)\}", lambda match: slots[match[1]], pattern)
    return in_some_case(text, slots.rng)[:LONGEST]


def in_some_case(text: str, rng: random.Random) -> str:
    """Return the text unchanged, or with the capitals of titles."""
    draw = rng.random()
    if draw < 0.3:
        return string.capwords(text)
    if draw < 0.35:
        return text.upper()
    if draw < 0.5:
        return text[:1].upper() + text[1:]
    return text


def with_article(noun: str) -> str:
    """Return the noun with its article."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return noun
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def model_name(rng: random.Random) -> str:
    """Return the name of a model: letters and digits, or a word."""
    letters = "".join(rng.choices(string.ascii_uppercase, k=rng.randint(1, 3)))
    number = str(rng.choice((rng.randint(1, 99), rng.randint(100, 9999))))
    kinds = (
        f"{letters}{number}",
        f"{letters}-{number}",
        number,
        invented(rng),
        f"{invented(rng)} {number}",
    )
    return rng.choice(kinds)


def invented(rng: random.Random) -> str:
    """Return an invented name."""
    syllables = (
        rng.choice("bdfghjklmnprstv") + rng.choice("aeiou") for _ in range(rng.randint(1, 3))
    )
    name = "".join([*syllables, rng.choice("klmnrst")])
    return name.upper() if rng.random() < 0.4 else name.capitalize()


def captions(lexicon: Lexicon, rng: random.Random) -> Iterator[str]:
    """Yield captions of pictures of animals, plants, food and things, without end."""
    words = tomllib.loads(Path(__file__).with_name("listings.toml").read_text("utf-8"))
    kinds = ("animal", "artifact", "plant", "food", "artifact", "object", "person", "animal")
    nouns = [lexicon.of(kind, 1500, 2600) for kind in kinds]
    while True:
        for own in nouns:
            noun = rng.choice(own) if own else "thing"
            adjective = rng.choice(words["colours"] + words["adjectives"])
            pattern = rng.choice(CAPTIONS)
            text = pattern.replace("{noun}", noun).replace("{adjective}", adjective)
            text = text.replace("{place}", rng.choice(words["places"]))
            text = re.sub(r"\ba (?=[aeiou])", "an ", text)
            yield f"{text[:1].upper()}{text[1:]}." if rng.random() < 0.4 else text


def glosses(folder: Path, kinds: Mapping[str, int]) -> list[str]:
    """Return WordNet's texts on visible things: "noun: definition", or an example sentence.

    Args:
        folder: Where Debian's ``wordnet-base`` was unpacked.
        kinds: Lexicographer files (``lexicon.FILES``).
    """
    texts: list[str] = []
    for line in (folder / "usr/share/wordnet/data.noun").read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split(" ")
        if int(fields[1]) not in kinds.values() or fields[4][:1].isupper():
            continue
        noun = fields[4].replace("_", " ").split("(")[0]
        meaning = re.sub(r"\([^)]*\)", "", gloss.split(";")[0].split('"')[0]).strip()
        if 8 < len(meaning) < 70:
            texts.append(f"{noun}, {meaning}" if len(texts) % 2 else meaning)
    return texts


def mixed(
    sources: Sequence[tuple[Iterator[str], int]], count: int, rng: random.Random
) -> list[str]:
    """Return ``count`` different texts, drawn in turn, so that every prefix is a sample of the
    whole.

    Args:
        sources: Texts, and how many of them are taken per turn.
        count: Texts, at most.
        rng: Shuffles each turn.
    """
    chosen: dict[str, None] = {}
    while len(chosen) < count:
        turn = [text for source, share in sources for text in islice(source, share)]
        if not turn:
            break
        rng.shuffle(turn)
        chosen.update(dict.fromkeys(turn))
    return list(chosen)[:count]


def shuffled(texts: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Yield the texts in random order."""
    return iter(rng.sample(list(texts), len(texts)))
