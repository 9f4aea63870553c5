"""Queries that name a colour and a thing, with the colour column as truth.

    python -m benchmarks.colours DATA FOLDER [--items 300]

Embeds photos of IKEA, luma and myntra once, below FOLDER. Each pair of a basic colour and a product
type with three items or more, of which some have another colour, is a query. Three kinds of files:
`column` as it is; `title` without the colour column; `photo` with no word for a colour at all.
Prints the precision among the first five (or as many as are right) with colours compared as other
words, and as colours; the paired p; and the time that a search takes.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.pools import Pool
from benchmarks.shelves import ENGINES, Shelf, shelf
from core.app.library import Library
from core.app.models import ModelPool
from core.base.significance import paired_p
from core.base.title_nouns import TitleNouns
from core.catalog.ingest import ingest
from core.domain import Item, Query
from core.pipeline.indexer import run_index
from core.ports.encoder import Encoder
from core.ports.engines import IndexingModels
from core.search import query_reading
from core.search.colour_words import ColourWords
from core.settings import SHIPPED, load_settings

SEED = 5
VOCABULARIES = SHIPPED / "vocabularies"
COLOURS = ColourWords(VOCABULARIES, TitleNouns(VOCABULARIES).things)


class NoColours(ColourWords):
    """Takes no word for a colour."""

    def basic(self, word: str) -> str:
        """Return nothing."""
        return ""


PLAIN = NoColours(VOCABULARIES)
#: File of each set, its columns of type and colour.
SETS = {
    "ikea": ("ikea_items", "category", "color"),
    "luma": ("luma_items", "category", "color"),
    "myntra": ("myntra_60x80", "article_type", "colour"),
}
#: Fewest items of a colour and type that make a query.
FEWEST = 3


def made(data: Path, folder: Path, name: str, items: int) -> Pool:
    """Embed a sample's photos, or read them again."""
    file, kind, colour = SETS[name]
    settings = load_settings(data_dir=folder)
    rows = pd.read_parquet(data / f"{file}.parquet")
    common = Counter(rows[kind])
    order = rows[kind].map(common).sort_values(ascending=False, kind="stable").index
    rows = rows.loc[order[: 4 * items]].sample(min(items, len(rows)), random_state=SEED)
    rows = rows.rename(columns={kind: "product_type", colour: "colour"})
    source = folder / f"{name}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    rows[["item_id", "title", "product_type", "colour", "image"]].to_parquet(source)
    catalog = Library(settings).create(name)
    models = ModelPool(settings)
    only = IndexingModels([models.engine("clip")], None, None, settings.crop_padding)
    run_index(
        catalog.store, catalog.images, only,
        lambda rows: ingest(source, store=catalog.images, settings=settings, known_rows=rows),
    )  # fmt: skip
    records = catalog.store.items.records()
    ids, (photo,) = catalog.store.vectors("clip").columns("image_vector")
    kept = tuple(records[item_id].item for item_id in ids)
    nothing = np.zeros(len(ids), bool)
    return Pool(
        name, kept, photo, photo, tuple(item.title for item in kept), np.ones(len(ids)),
        np.zeros(len(ids)), nothing, nothing, np.full(len(ids), np.inf), ~nothing,
        tuple(item.product_type.lower() for item in kept), photos=catalog.images,
    )  # fmt: skip


def as_is(item: Item) -> Item:
    """Return an item unchanged."""
    return item


def without_column(item: Item) -> Item:
    """Return an item without its colour column."""
    return replace(item, attributes={k: v for k, v in item.attributes.items() if k != "colour"})


def without_words(item: Item) -> Item:
    """Return an item without any word for a colour."""
    title = COLOURS.without(item.title) or item.product_type
    return replace(without_column(item), title=title)


FILES: dict[str, Callable[[Item], Item]] = {
    "column": as_is,
    "title": without_column,
    "photo": without_words,
}


def queries(pool: Pool) -> dict[str, set[str]]:
    """Return each query with the ids of its right answers."""
    colour_of = {item.item_id: COLOURS.named_in(item.attributes.get("colour", ""), sure=False)
                 for item in pool.items}  # fmt: skip
    asked: dict[str, set[str]] = {}
    for kind in sorted(set(pool.kinds)):
        own = [i.item_id for i, k in zip(pool.items, pool.kinds, strict=True) if k == kind]
        for colour in sorted({c for item_id in own for c in colour_of[item_id]}):
            right = {item_id for item_id in own if colour in colour_of[item_id]}
            if FEWEST <= len(right) < len(own):
                asked[f"{colour} {kind}"] = right
    return asked


def precision(shelf_: Shelf, engine: str, asked: dict[str, set[str]]) -> np.ndarray:
    """Return the precision of each query."""
    values = []
    for text, right in asked.items():
        query = Query(text, k=5, cutoff=False, fold_duplicates=False)
        hits = shelf_.searcher.search(query, shelf_.models[engine]).hits[: min(5, len(right))]
        values.append(np.mean([hit.item.item_id in right for hit in hits]))
    return np.array(values)


def compare(pool: Pool, encoder: Encoder, folder: Path) -> None:
    """Print one set's lines."""
    asked, with_colours = queries(pool), query_reading._colour_words
    for name, edit in FILES.items():
        edited = tuple(map(edit, pool.items))
        titles = tuple(item.title for item in edited)
        store = shelf(replace(pool, items=edited, rewrites=titles), encoder, folder / name)
        for engine in ENGINES[:1]:
            query_reading._colour_words = lambda _: PLAIN  # type: ignore[assignment]
            before = precision(store, engine, asked)
            query_reading._colour_words = with_colours
            precision(store, engine, dict(list(asked.items())[:1]))
            started = time.perf_counter()
            after = precision(store, engine, asked)
            spent = 1000 * (time.perf_counter() - started) / max(len(asked), 1)
            print(
                f"{pool.name:7} {name:7} {len(asked):3} queries: P@5 {before.mean():.3f} → "
                f"{after.mean():.3f}, p {paired_p(before, after):.4f}, {spent:.0f} ms a query",
                flush=True,
            )


def main() -> None:
    """Print all lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=300)
    given = parser.parse_args()
    print("python -m benchmarks.colours", *sys.argv[1:], f"({platform.machine()})")
    encoder = ModelPool(load_settings(data_dir=given.folder)).engine("clip").encoder
    for name in SETS:
        pool = made(given.data, given.folder, name, given.items)
        with tempfile.TemporaryDirectory() as folder:
            compare(pool, encoder, Path(folder))


if __name__ == "__main__":
    main()
