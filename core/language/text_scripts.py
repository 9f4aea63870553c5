"""Detect the script of a text, to notice an answer in another language's script."""

from __future__ import annotations

import unicodedata
from collections import Counter

#: Scripts that one language mixes; they count as one.
_TOGETHER = dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"), "CJK")


def scripts(text: str) -> Counter[str]:
    """Count letters by script (``LATIN``, ``CYRILLIC``, ``CJK`` …), by their Unicode names."""
    names = (unicodedata.name(c, "") for c in unicodedata.normalize("NFKC", text) if c.isalpha())
    first = (name.partition(" ")[0] for name in names if name)
    return Counter(_TOGETHER.get(script, script) for script in first)


def in_same_script(text: str, other: str) -> bool:
    """Tell whether most letters of a text are of a script that the other text uses, too.

    The result is true if one of them has no letters.
    """
    own, of_other = scripts(text), scripts(other)
    return not own or not of_other or own.most_common(1)[0][0] in of_other
