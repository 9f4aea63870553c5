"""Write `things.txt` and `motifs.txt` of `data/vocabularies`: nouns of WordNet.

`things.txt` names made things and food; `motifs.txt` what they show or are shaped like: animals,
plants, parts of the body, natural objects, shapes.

Needs Debian's package `wordnet-base` (WordNet 3.0; its licence stands in the written file).

Usage: python scripts/build_things.py [FOLDER_OF_WORDNET]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

#: WordNet's lexicographer files: artifact, food; animal, body, object, plant, shape.
THINGS, MOTIFS = {"06", "13"}, {"05", "08", "17", "20", "25"}
TARGET = Path(__file__).resolve().parent.parent / "data" / "vocabularies"
HEADER = """\
# {what}, one a line; written by scripts/build_things.py from
# WordNet 3.0, Copyright 2006 by Princeton University. All rights reserved. Permission to use,
# copy, modify and distribute this database for any purpose and without fee or royalty is granted,
# provided that this notice is kept. It is provided "as is", without warranty of any kind.
"""


def nouns(folder: Path, kept: set[str], *, first: bool) -> list[str]:
    """Return the lemmas with a sense in the kept lexicographer files, sorted.

    Args:
        folder: Folder of WordNet's files.
        kept: Numbers of lexicographer files.
        first: Only the first sense counts; otherwise it must for words that are adjectives, too.
    """
    adjectives = {lemma for lemma, _ in _index(folder / "index.adj")}
    files = {line.split(" ", 2)[0]: line.split(" ", 2)[1] for line in _lines(folder / "data.noun")}
    words = set()
    for lemma, senses in _index(folder / "index.noun"):
        ranks = [rank for rank, sense in enumerate(senses) if files[sense] in kept]
        word = lemma.replace("_", " ")
        usable = re.fullmatch(r"[a-z][a-z'-]{2,}(?: [a-z'-]{2,}){0,1}", word)
        if ranks and usable and (ranks[0] == 0 or not (first or lemma in adjectives)):
            words.add(word)
    return sorted(words)


def _index(path: Path) -> list[tuple[str, list[str]]]:
    rows = []
    for line in _lines(path):
        fields = line.split()
        rows.append((fields[0], fields[-int(fields[2]) :]))
    return rows


def _lines(path: Path) -> list[str]:
    lines = path.read_text(encoding="latin-1").splitlines()
    return [line for line in lines if not line.startswith("  ")]


if __name__ == "__main__":
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/wordnet")
    named = nouns(source, THINGS, first=False)
    shown = [word for word in nouns(source, MOTIFS, first=True) if " " not in word]
    for name, words, what in (
        ("things", named, "Nouns that name a made thing or food"),
        ("motifs", shown, "Nouns for what a thing shows or is shaped like"),
    ):
        text = HEADER.format(what=what) + "\n".join(words) + "\n"
        (TARGET / f"{name}.txt").write_text(text, encoding="utf-8")
        print(f"{name}.txt: {len(words)} nouns")
