"""Compare the offline rewriter with a catalogue's own columns: agreement, coverage, words, speed.

python -m benchmarks.rewriting --catalog NAME [--data-dir DIR] [--limit N] [--photos] [--blind]

``--photos`` looks at the photos, too; ``--blind`` hides the colour column from the rewriter, so
that what it says is compared with a column that it has not seen.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from PIL import Image

from core.app.models import ModelPool
from core.app.studio import Studio
from core.domain import Item
from core.language import Rewriter, RuleRewriter
from core.language.vocabulary import Vocabulary
from core.settings import SHIPPED, load_settings


def share(hits: list[bool]) -> str:
    return f"{sum(hits) / len(hits):.3f} of {len(hits)}" if hits else "none to compare"


def colours_agree(words: Vocabulary, item: Item, text: str) -> bool | None:
    """Tell whether a colour of the text is one of the column's, or a shade of it.

    Colours are read with the rewriter's own vocabulary: one that it does not know is not compared.
    """
    stated = words.colours.names(item.attributes.get("colour", ""))
    if not stated:
        return None
    named = words.colours.names(text)
    return any(words.same_family(colour, other) for colour in named for other in stated)


def wrong_colours(words: Vocabulary, item: Item, text: str) -> int:
    """Count the colours of the text that neither the column nor the title has."""
    fields = f"{item.attributes.get('colour', '')} ; {item.title}"
    stated = words.colours.names(fields)
    named = words.colours.names(text)
    return sum(not any(words.same_family(colour, other) for other in stated) for colour in named)


def stated_and_wrong(
    words: Vocabulary, items: Sequence[Item], texts: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """Return per attribute the share of texts with a value, and per 100 texts, values that no field
    has."""
    tables = {"material": words.materials, "pattern": words.patterns, "audience": words.audiences}
    figures = {}
    for name, table in tables.items():
        stated, wrong = 0, 0
        for item, text in zip(items, texts, strict=True):
            fields = (item.title, item.product_type, item.department, item.description)
            in_fields = table.names(" ; ".join([*fields, *item.attributes.values()]))
            said = table.names(text)
            stated += bool(said)
            wrong += sum(value not in in_fields for value in said)
        figures[name] = stated / len(texts), 100 * wrong / len(texts)
    return figures


def type_agrees(item: Item, text: str) -> bool | None:
    """Tell whether the text has a word of the product type (singular or plural)."""
    kinds = [re.sub(r"(?:es|s)$", "", w.lower()) for w in item.product_type.split() if len(w) > 3]
    return any(kind in text.lower().replace("-", "") for kind in kinds) if kinds else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", default="demo")
    parser.add_argument("--data-dir")
    parser.add_argument("--limit", type=int, default=5000)
    parser.add_argument("--photos", action="store_true")
    parser.add_argument("--blind", action="store_true")
    given = parser.parse_args()
    studio = Studio(load_settings(data_dir=given.data_dir))
    items = studio.items(given.catalog, limit=given.limit)
    if not given.photos:
        report(items, given.catalog, blind=given.blind)
        return
    report(
        items,
        given.catalog,
        ModelPool(studio.settings).rewriter,
        lambda item: studio.photo(item, given.catalog),
        blind=given.blind,
    )


def report(
    items: Sequence[Item],
    name: str,
    rewriter: Rewriter | None = None,
    photo: Callable[[Item], Image.Image | None] = lambda _: None,
    *,
    blind: bool = False,
) -> None:
    """Print the figures for some items."""
    words = Vocabulary(SHIPPED / "vocabularies")
    rewriter = rewriter or RuleRewriter(SHIPPED / "vocabularies")
    started = time.perf_counter()
    shown = [_without_colour(item) if blind else item for item in items]
    texts = [rewriter.rewrite(seen, photo(seen)).text for seen in shown]
    seconds = time.perf_counter() - started
    pairs = list(zip(items, texts, strict=True))
    colours = [c for i, t in pairs if (c := colours_agree(words, i, t)) is not None]
    types = [c for i, t in pairs if (c := type_agrees(i, t)) is not None]
    stated = [bool(words.colours.names(text)) for text in texts]
    wrong = sum(wrong_colours(words, item, text) for item, text in pairs)
    print(f"{name}: {len(items)} items, rewriter {rewriter.fingerprint}")
    print(f"  colour agrees with the column   {share(colours)}")
    print(f"  product type named              {share(types)}")
    print(f"  colours in no field, per 100    {100 * wrong / len(items):.2f}")
    print(f"  rewrites that state a colour    {share(stated)}")
    for kind, (told_of, unfounded) in stated_and_wrong(words, items, texts).items():
        print(f"  {kind:8} stated, in no field/100   {told_of:.3f}, {unfounded:.2f}")
    if blind:
        correct = [bool(c) for (i, t), s in zip(pairs, stated, strict=True) if s
                and (c := colours_agree(words, i, t)) is not None]  # fmt: skip
        print(f"  of these right by the column    {share(correct)}")
    print(f"  words, median                   {statistics.median(len(t.split()) for t in texts)}")
    print(f"  items per second                {len(items) / seconds:.0f}")


def _without_colour(item: Item) -> Item:
    kept = {k: v for k, v in item.attributes.items() if not re.search("colou?r|attributes", k)}
    return replace(item, attributes=kept)


if __name__ == "__main__":
    main()
