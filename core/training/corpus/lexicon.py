"""WordNet's physical nouns, most common first.

The frequency of a word in image captions is estimated from CLIP's byte-pair merges (``open_clip``
ships
them), which were learned in the order of frequency.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import open_clip

#: WordNet's lexicographer files of visible things.
FILES = {
    "animal": 5,
    "artifact": 6,
    "body": 8,
    "food": 13,
    "object": 17,
    "person": 18,
    "plant": 20,
    "shape": 25,
    "substance": 27,
}
_COMPOUND = {FILES[name] for name in ("animal", "artifact", "food", "object", "plant")}
_SECOND = {FILES[name] for name in ("animal", "artifact", "food", "plant")}
_MERGES = 49152 - 256 - 2


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Nouns, commonest first.

    Attributes:
        single: Nouns of one word.
        compound: Nouns of two words, both of them common.
        kind: The lexicographer file of each noun's first sense.
    """

    single: list[str]
    compound: list[str]
    kind: dict[str, int]

    def of(self, kind: str, limit: int, compounds: int = 900) -> list[str]:
        """Return the commonest nouns of a kind (see ``FILES``)."""
        candidates = self.single + self.compound[:compounds]
        return [noun for noun in candidates if self.kind[noun] == FILES[kind]][:limit]


def read_lexicon(folder: Path, single: int = 4200, compound: int = 2600) -> Lexicon:
    """Read WordNet 3.0 (WordNet licence) as Debian's ``wordnet-base`` has it.

    Args:
        folder: Where the package was unpacked.
        single: Number of nouns of one word.
        compound: Number of nouns of two words.
    """
    common = _caption_ranks()
    files = _lexicographer_files(folder / "usr/share/wordnet/data.noun")
    singles, compounds, kind = [], [], {}
    for noun, senses in _senses(folder / "usr/share/wordnet/index.noun"):
        kinds = [files[sense] for sense in senses[:2]]
        if kinds[0] not in FILES.values() and (len(kinds) < 2 or kinds[1] not in _SECOND):
            continue
        words = noun.split("_")
        if any(word not in common for word in words):
            continue
        rank, name = max(common[word] for word in words), " ".join(words)
        kind[name] = kinds[0]
        if len(words) == 1 and len(name) > 2:
            singles.append((rank, name))
        elif len(words) == 2 and kinds[0] in _COMPOUND:
            compounds.append((rank, name))
    top = [name for _, name in sorted(singles)[:single]]
    return Lexicon(top, [name for _, name in sorted(compounds)[:compound]], kind)


def _caption_ranks() -> dict[str, int]:
    path = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(path.read_bytes()).decode().split("\n")[1 : _MERGES + 1]
    ranks: dict[str, int] = {}
    for rank, line in enumerate(lines):
        word = "".join(line.split())
        if word.endswith("</w>"):
            ranks.setdefault(word.removesuffix("</w>"), rank)
    return ranks


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith(" ")]


def _lexicographer_files(path: Path) -> dict[str, int]:
    fields = (line.split(" ", 3) for line in _lines(path))
    return {offset: int(number) for offset, number, *_ in fields}


def _senses(path: Path) -> list[tuple[str, list[str]]]:
    senses = []
    for line in _lines(path):
        fields = line.split()
        senses.append((fields[0], fields[4 + int(fields[3]) + 2 :]))
    return senses
