"""Write `word_families.txt` of `data/vocabularies`: nouns and the adjectives made of them.

"wood" gives "wooden", so that who leaves out wood leaves out wooden chairs. Taken are adjectives
of WordNet that are a noun of WordNet with an ending such as "-en", "-y" or "-ed"; its own pointers
from adjectives to nouns miss most of them, "wooden" among them.

Needs Debian's package `wordnet-base` (WordNet 3.0; its licence stands in the written file).

Usage: python -m scripts.build_word_families [FOLDER_OF_WORDNET]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.build_things import HEADER, TARGET

#: WordNet's lexicographer files of nouns: artifact, food, object, plant, shape, substance.
KEPT = {"06", "13", "17", "20", "25", "27"}
#: Endings behind a noun; the second ones behind a noun without its last "e".
ENDINGS, WITHOUT_E = ("en", "n", "y", "ed", "like"), ("en", "y", "ed")
#: Endings behind a doubled last consonant: "dotted", "woollen", "metallic".
DOUBLED = ("en", "y", "ed", "ic")


def families(folder: Path) -> dict[str, list[str]]:
    """Return each noun with the adjectives that are made of it."""
    adjectives = {line.split(" ", 1)[0] for line in _lines(folder / "index.adj")}
    files = {line.split(" ", 2)[0]: line.split(" ", 2)[1] for line in _lines(folder / "data.noun")}
    table = {}
    for line in _lines(folder / "index.noun"):
        fields = line.split()
        noun, senses = fields[0], fields[-int(fields[2]) :]
        if re.fullmatch(r"[a-z]{3,}", noun) and any(files[sense] in KEPT for sense in senses):
            made = sorted({form for form in _forms(noun) if form in adjectives})
            table |= {noun: made} if made else {}
    return table


def _forms(noun: str) -> Iterator[str]:
    yield from (noun + ending for ending in ENDINGS)
    if noun.endswith("e"):
        yield from (noun[:-1] + ending for ending in WITHOUT_E)
    if re.search(r"[aeiou][bdglmnprt]$", noun):
        yield from (noun + noun[-1] + ending for ending in DOUBLED)


def _lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="latin-1").splitlines()
    return [line for line in lines if not line.startswith("  ")]


if __name__ == "__main__":
    table = families(Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet"))
    rows = [" ".join((noun, *made)) for noun, made in sorted(table.items())]
    head = HEADER.format(what="A noun and the adjectives made of it")
    (TARGET / "word_families.txt").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    print(f"word_families.txt: {len(rows)} nouns")
