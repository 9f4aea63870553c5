"""Write the lists of Polish and Turkish words that ship, `data/word_lists/*.txt.gz`.

    python scripts/build_word_lists.py polish FILE --counts FILE
    python scripts/build_word_lists.py turkish FILE

FILE is `usr/share/dict/polish` of Debian's `wpolish` (with `--counts`: words and how often films
say them, most first; words said less than 20 times are left out), or `index.dic` of npm's
`dictionary-tr`. The other languages' lists come from the package `pyspellchecker`.
"""

from __future__ import annotations

import argparse
import gzip
from collections.abc import Iterable
from pathlib import Path

from core.base.word_lists import fold
from core.settings import SHIPPED

#: Fewest times that films say a Polish word.
LEAST = 20
#: Longest word, letters.
LONGEST = 12


def polish(words: Path, counts: Path) -> set[str]:
    """Return the words of the list that are said often enough."""
    said = (line.rsplit(" ", 1) for line in counts.read_text("utf-8").splitlines())
    common = {word for word, count in said if int(count) >= LEAST}
    return common & set(words.read_text("utf-8").splitlines())


def turkish(words: Path) -> set[str]:
    """Return the entries of a spelling dictionary, without their flags."""
    return {line.split("/")[0].strip() for line in words.read_text("utf-8").splitlines()}


def write(language: str, words: Iterable[str]) -> None:
    """Write a list, folded, sorted and compressed."""
    kept = sorted({fold(word) for word in words if word.isalpha() and 2 < len(word) <= LONGEST})
    text = "\n".join(word for word in kept if word.isascii()) + "\n"
    target = SHIPPED / "word_lists" / f"{language}.txt.gz"
    target.write_bytes(gzip.compress(text.encode("ascii"), 9, mtime=0))
    print(f"{target}: {len(kept):,} words, {target.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Write one list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=("polish", "turkish"))
    parser.add_argument("words", type=Path)
    parser.add_argument("--counts", type=Path)
    given = parser.parse_args()
    if given.language == "polish":
        write("pl", polish(given.words, given.counts))
    else:
        write("tr", turkish(given.words))


if __name__ == "__main__":
    main()
