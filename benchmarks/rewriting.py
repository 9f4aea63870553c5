"""The offline rewriter against a catalogue's own columns: agreement, coverage, words, speed.

python -m benchmarks.rewriting --catalog NAME [--data-dir DIR] [--limit N]
"""

from __future__ import annotations

import argparse
import re
import statistics
import time

from core.domain import Item
from core.language import RuleRewriter
from core.language.vocabulary import Vocabulary
from core.settings import SHIPPED, load_settings
from core.studio import Studio


def share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.3f} of {len(hits)}" if hits else "none to compare"


def colours_agree(words: Vocabulary, item: Item, text: str) -> bool | None:
    """Whether a colour of the text is one of the column's, or a shade of it.

    Colours are read with the rewriter's own vocabulary: one that it does not know is not compared.
    """
    stated = words.colours.names(item.attributes.get("colour", ""))
    if not stated:
        return None
    named = words.colours.names(text)
    return any(words.same_family(one, other) for one in named for other in stated)


def wrong_colours(words: Vocabulary, item: Item, text: str) -> int:
    """Colours of the text that neither the column nor the title has."""
    fields = f"{item.attributes.get('colour', '')} ; {item.title}"
    known = words.colours.names(fields)
    named = words.colours.names(text)
    return sum(not any(words.same_family(one, other) for other in known) for one in named)


def type_agrees(item: Item, text: str) -> bool | None:
    """Whether a word of the product type (singular or plural) stands in the text."""
    kinds = [re.sub(r"(?:es|s)$", "", w.lower()) for w in item.product_type.split() if len(w) > 3]
    return any(kind in text.lower().replace("-", "") for kind in kinds) if kinds else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", default="demo")
    parser.add_argument("--data-dir")
    parser.add_argument("--limit", type=int, default=5000)
    given = parser.parse_args()
    studio = Studio(load_settings(data_dir=given.data_dir))
    items = studio.items(given.catalog, limit=given.limit)
    report(items, given.catalog)


def report(items: tuple[Item, ...] | list[Item], name: str) -> None:
    """Print the figures for some items."""
    words = Vocabulary(SHIPPED / "vocabularies")
    rewriter = RuleRewriter(SHIPPED / "vocabularies")
    started = time.process_time()
    texts = [rewriter.rewrite(item).text for item in items]
    seconds = time.process_time() - started
    pairs = list(zip(items, texts, strict=True))
    colours = [c for i, t in pairs if (c := colours_agree(words, i, t)) is not None]
    types = [c for i, t in pairs if (c := type_agrees(i, t)) is not None]
    wrong = sum(wrong_colours(words, item, text) for item, text in pairs)
    print(f"{name}: {len(items)} items, rewriter {rewriter.fingerprint}")
    print(f"  colour agrees with the column   {share(colours)}")
    print(f"  product type named              {share(types)}")
    print(f"  colours in no field, per 100    {100 * wrong / len(items):.2f}")
    print(f"  words, median                   {statistics.median(len(t.split()) for t in texts)}")
    print(f"  items per second of CPU         {len(items) / seconds:.0f}")


if __name__ == "__main__":
    main()
