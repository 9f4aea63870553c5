"""In whose letters a text is written: enough to see an answer in another language's writing."""

from __future__ import annotations

import unicodedata
from collections import Counter

#: Written together in one language, so counted as one.
_TOGETHER = dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL"), "CJK")


def scripts(text: str) -> Counter[str]:
    """Count letters by script (``LATIN``, ``CYRILLIC``, ``CJK`` …), by their Unicode names."""
    names = (unicodedata.name(c, "") for c in unicodedata.normalize("NFKC", text) if c.isalpha())
    first = (name.partition(" ")[0] for name in names if name)
    return Counter(_TOGETHER.get(script, script) for script in first)


def written_like(text: str, model: str) -> bool:
    """Tell whether most letters of a text are of a script that the model text uses, too.

    Where one of them has no letters there is nothing to compare, and it is.
    """
    mine, theirs = scripts(text), scripts(model)
    return not mine or not theirs or mine.most_common(1)[0][0] in theirs
