"""Tell from a prompt's words which kind of product it names."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Where the name of a product ends and something about it begins.
_ABOUT = re.compile(r",|\(|\bwith\b|\bof\b|\bin\b|\bfor\b|\bby\b|\bon\b|\bfrom\b", re.IGNORECASE)


def names_type(prompt: str, types: Sequence[str]) -> bool:
    """Tell whether a prompt names one of the types ("Portrait of a man", "Posters, set of 3").

    Args:
        prompt: The product type.
        types: Endings of such types, in the singular.
    """
    named = _ABOUT.split(prompt.strip().lower(), maxsplit=1)[0].strip()
    ends = tuple(types)
    return any(
        name == end or name.endswith((f" {end}", f"-{end}"))
        for name in (named, named.removesuffix("s"))
        for end in ends
    )
