"""Short phrases to render: nouns, and nouns with colours, materials, styles and places."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from core.training.corpus.lexicon import Lexicon

Words = dict[str, list[str]]
#: Products of which variants are made; the list ends with food and paintings.
_PLAIN = 240


def phrases(lexicon: Lexicon, product_types: Sequence[str], seed: int = 1) -> list[str]:
    """Make about 20,000 different phrases; all kinds occur early.

    Args:
        lexicon: Nouns.
        product_types: Names of product types, in lower case.
        seed: Of the combinations.
    """
    words: Words = tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))
    rng = random.Random(seed)  # noqa: S311
    plain = [f"{word} {thing}" for word in words["plain"] for thing in words["things"]]
    rng.shuffle(plain)
    combined = list(_combined(lexicon, product_types, words, rng))
    rng.shuffle(combined)
    sold = words["products"]
    kinds = [*words["colours"], *words["materials"], *words["styles"]]
    made = [*words["scenes"], *product_types, *sold]
    made += [f"{word} {noun}" for noun in sold[:_PLAIN] for word in rng.sample(kinds, 4)]
    queues = [iter(lexicon.single), iter(lexicon.compound), iter(plain[:1600]), iter(combined)]
    while True:
        pairs = zip(queues, (4, 2, 1, 6), strict=True)
        taken = [phrase for queue, count in pairs for phrase in islice(queue, count)]
        if not taken:
            return list(dict.fromkeys(made))
        made += taken


def variants(phrase: str) -> tuple[str, ...]:
    """Return the phrase as a query, as a caption, and with its article."""
    article = "" if phrase.split()[0] in ("a", "an", "the") else "a "
    return tuple(dict.fromkeys((phrase, f"a photo of {article}{phrase}", f"{article}{phrase}")))


def _combined(
    lexicon: Lexicon, types: Sequence[str], words: Words, rng: random.Random
) -> Iterator[str]:
    things, food = lexicon.of("artifact", 1500), lexicon.of("food", 350)
    colours, materials, styles = words["colours"], words["materials"], words["styles"]
    for noun in things:
        for kind in (colours, materials, styles, colours):
            yield f"{rng.choice(kind)} {noun}"
    for noun in things[:700]:
        yield f"{rng.choice(colours)} {rng.choice(materials + styles)} {noun}"
        yield f"{noun} with {rng.choice(words['parts'])}"
    for noun in food:
        yield from (f"{rng.choice(words['servings'])} {noun}" for _ in range(3))
    beasts = [*colours, *styles[:6], *words["beasts"]]
    yield from (f"{rng.choice(beasts)} {noun}" for noun in lexicon.of("animal", 250))
    yield from (f"{rng.choice(words['people'])} {noun}" for noun in lexicon.of("person", 250))
    yield from (f"{rng.choice(words['plants'])} {noun}" for noun in lexicon.of("plant", 200))
    for noun in things[:300] + food[:150]:
        yield f"{noun} on a {rng.choice(words['places'])}"
    yield from (f"{rng.choice(words['settings'])} {noun}" for noun in things[:400])
    for product in types:
        yield from (f"{rng.choice(colours)} {product}" for _ in range(6))
        for _ in range(3):
            yield f"{rng.choice(words['wearers'])} {rng.choice(colours)} {product}"
