"""What a word that is left out leaves out with it: its adjectives and its kinds."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.base.word_list import read_word_list
from core.search.words import content_words, stem

#: Stems that must all stand in a text.
Phrase = tuple[str, ...]

#: Vocabularies of describing words: each with spellings, some with families of kinds.
_TABLES = ("materials", "patterns", "colours")


class WordFamilies:
    """Words that say the same, or name a kind of it: "wood" is in "wooden", "oak" is wood.

    Args:
        folder: Folder of the vocabularies (`data/vocabularies`).
        things: Words that name things, too: "peach" is no kind of orange here.
    """

    def __init__(self, folder: Path, things: Iterable[str] = ()) -> None:
        self._kinds: dict[str, set[Phrase]] = defaultdict(set)
        self._adjectives: dict[str, set[str]] = defaultdict(set)
        for line in read_word_list(folder / "word_families.txt"):
            words = list(map(stem, line.split()))
            for word in words:
                self._adjectives[word].update(words)
        ambiguous = set(things)
        for name in _TABLES:
            table = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
            self._add(table["terms"], table.get("families", {}), ambiguous)

    def of(self, text: str) -> frozenset[Phrase]:
        """Return the phrases that say what a text says, or a kind of it; the text's own first."""
        own = tuple(map(stem, content_words(text)))
        if not own:
            return frozenset()
        phrases = {own} | self._kinds.get(" ".join(own), set())
        if len(own) == 1:
            for word in self._adjectives.get(own[0], ()):
                phrases |= {(word,)} | self._kinds.get(word, set())
        return frozenset(phrases)

    def _add(
        self, terms: Mapping[str, list[str]], families: Mapping[str, list[str]], things: set[str]
    ) -> None:
        spellings = {term: [term, *others] for term, others in terms.items()}
        for term, own in spellings.items():
            self._join(own, own, things)
            members = [s for kind in families.get(term, ()) for s in spellings.get(kind, [kind])]
            self._join(own, members, things)

    def _join(self, names: list[str], kinds: list[str], things: set[str]) -> None:
        phrases = {
            tuple(map(stem, content_words(kind)))
            for kind in kinds
            if kind in names or kind not in things
        }
        for name in names:
            self._kinds[" ".join(map(stem, content_words(name)))] |= phrases - {()}
