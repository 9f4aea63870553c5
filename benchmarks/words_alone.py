"""Choose which words stand for an item that has no photo: title, rewrite, or both.

    python -m benchmarks.words_alone DATA [--only NAME …] [--keep FOLDER]

Every catalogue is read as a file without photos and rewritten by the offline rules. Queries are
compared with the vectors of the items' words alone, nDCG@10 each: icecat's graded queries over its
graded items and some others (`--items 0`: all), the demo's graded queries, types (and with
colours), first sentences of descriptions, and queries of WANDS on IKEA (right are the items whose
type their class names). Beside shares of the title for all items, `0.50 if 0.75` gives the title
alone to an item whose rewrite keeps less than 0.75 of the title's words, and 0.50 to others. The
last lines choose on all catalogues but one, and say what the choice gives there.
"""

from __future__ import annotations

import argparse
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.ranking import gain
from core.app.models import ModelPool
from core.base.image_views import mixed
from core.base.significance import paired_p
from core.catalog.ingest import ingest
from core.domain import Ingested, Item
from core.ports.encoder import Encoder, encode_queries
from core.search.words import content_words, stem
from core.settings import SHIPPED, load_settings
from core.store.image_store import ImageStore
from core.store.vectors import Vectors

SEED = 21
#: Items of myntra, and queries of each kind.
SAMPLE, ASKED = 1_000, 100
#: Fewest items of a type that is asked for.
FEWEST = 3
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Rules by item: the title alone where the rewrite keeps less than a share of its words, and a
#: share of the title elsewhere.
RULES = tuple(product((0.5, 0.75, 0.9), (0.25, 0.5, 0.75)))
#: Grades by item id, for each query's text.
Judged = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Shop:
    """One catalogue of words.

    Attributes:
        rows: Its file.
        asked: Judged queries by task.
    """

    rows: pd.DataFrame
    asked: Mapping[str, Judged]


def _by_kind(rows: pd.DataFrame, kinds: pd.Series) -> Judged:
    groups = rows.item_id.groupby(kinds.str.lower()).agg(list)
    names = [kind for kind, ids in groups.items() if kind and len(ids) >= FEWEST]
    chosen = np.random.default_rng(SEED).permutation(len(names))[:ASKED]
    return {names[n]: dict.fromkeys(groups[names[n]], 1.0) for n in chosen}


def _by_description(rows: pd.DataFrame) -> Judged:
    """Return the first sentence of some descriptions; right is the item that it describes."""
    said = rows[rows.description.fillna("").str.split().str.len() >= 4]
    said = said.sample(min(ASKED, len(said)), random_state=SEED)
    asked: dict[str, dict[str, float]] = {}
    for item_id, text in zip(said.item_id, said.description, strict=True):
        asked.setdefault(text.split(". ")[0][:200], {})[item_id] = 1.0
    return asked


def _icecat(data: Path, others: int) -> Shop:
    judged = pd.read_csv(data / "icecat_query_item_relevance.csv", dtype={"item_id": str})
    asked = {
        str(text): {str(i): float(g) for i, g in zip(rows.item_id, rows.rating, strict=True)}
        for text, rows in judged.groupby("query")
        if rows.rating.max() > 0
    }
    rows = pd.read_parquet(data / "icecat_items.parquet")
    graded = rows.item_id.isin(judged.item_id)
    if others:
        rows = pd.concat([rows[graded], rows[~graded].sample(others, random_state=SEED)])
    return Shop(rows, {"graded": asked})


def _ikea(data: Path, others: int) -> Shop:
    rows = pd.read_parquet(data / "ikea_items.parquet")
    stems = {kind: [stem(word) for word in content_words(kind)] for kind in set(rows.category)}
    wands = pd.read_csv(data / "wands_queries.csv").dropna()
    asked = {}
    for text, name in zip(wands["query"], wands.query_class, strict=True):
        words = [stem(word) for word in content_words(name)]
        kinds = [
            k for k, own in stems.items() if own and own[-1] == words[-1] and {*own} <= {*words}
        ]
        ids = rows.item_id[rows.category.isin(kinds)]
        if len(ids) >= FEWEST:
            asked[text] = dict.fromkeys(ids, 1.0)
    return Shop(rows, {"type": _by_kind(rows, rows.category), "WANDS": asked,
                       "description": _by_description(rows)})  # fmt: skip


def _luma(data: Path, others: int) -> Shop:
    rows = pd.read_parquet(data / "luma_items.parquet")
    kinds = rows.category.fillna("")
    coloured = (rows.color.fillna("") + " " + kinds).str.strip()
    return Shop(rows, {"type": _by_kind(rows, kinds), "colour and type": _by_kind(rows, coloured),
                       "description": _by_description(rows)})  # fmt: skip


def _grocery(data: Path, others: int) -> Shop:
    rows = pd.read_parquet(data / "grocery_products.parquet")
    return Shop(rows, {"type": _by_kind(rows, rows.category), "description": _by_description(rows)})


def _myntra(data: Path, others: int) -> Shop:
    rows = pd.read_parquet(data / "myntra_60x80.parquet").drop_duplicates("title")
    rows = rows.sample(SAMPLE, random_state=SEED)
    coloured = rows.colour.fillna("") + " " + rows.article_type
    return Shop(rows, {"type": _by_kind(rows, rows.article_type),
                       "colour and type": _by_kind(rows, coloured)})  # fmt: skip


def _demo(data: Path, others: int) -> Shop:
    demo = SHIPPED / "demo"
    queries = pd.read_csv(demo / "judgments" / "queries.csv").dropna(subset="text")
    grades = pd.read_csv(demo / "judgments" / "labels.csv").groupby(["query_id", "item_id"]).grade
    mean = grades.mean()
    asked = {text: mean[query].to_dict() for query, text in zip(queries.query_id, queries.text,
                                                                strict=True)}  # fmt: skip
    rows = pd.read_csv(demo / "items.csv", dtype=str, keep_default_na=False)
    rows = rows[rows.title != ""]
    return Shop(rows, {"graded": asked, "description": _by_description(rows)})


SHOPS: Mapping[str, Callable[[Path, int], Shop]] = {
    "icecat": _icecat, "ikea": _ikea, "luma": _luma, "grocery": _grocery, "myntra": _myntra,
    "demo": _demo,
}  # fmt: skip


def items_of(rows: pd.DataFrame) -> list[Item]:
    """Read a file as the studio does, without photos."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "words.parquet"
        rows.drop(columns=["image"], errors="ignore").to_parquet(source)
        read = ingest(source, columns={"image": ""}, store=ImageStore(Path(folder) / "images"),
                      settings=load_settings(data_dir=Path(folder)))  # fmt: skip
        return [row.item for row in read if isinstance(row, Ingested)]


def kept(path: Path | None, make: Callable[[], Vectors]) -> Vectors:
    """Return stored vectors, or make and store them."""
    if path is not None and path.exists():
        return np.asarray(np.load(path), np.float32)
    vectors = make()
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors)
    return vectors


def kept_words(title: str, text: str) -> float:
    """Return the share of a title's words that another text has; 1 for a title without words."""
    words = set(re.findall(r"\w+", title.casefold()))
    return len(words & set(re.findall(r"\w+", text.casefold()))) / len(words) if words else 1.0


def ndcg(asked: Judged, ids: Sequence[str], near: Vectors) -> np.ndarray:
    """Return nDCG@10 of each query over all items; those without a grade count as wrong."""
    row = {item_id: n for n, item_id in enumerate(ids)}
    values = []
    for judged, cosines in zip(asked.values(), near, strict=True):
        grades = np.zeros(len(ids))
        for item_id, grade in judged.items():
            if item_id in row:
                grades[row[item_id]] = grade
        if grades.any():
            values.append(gain(grades, cosines))
    return np.array(values)


def measured(
    name: str, shop: Shop, pool: ModelPool, encoder: Encoder, folder: Path | None
) -> dict[str, dict[str, np.ndarray]]:
    """Return nDCG@10 per query, by task and by which words are embedded."""
    items = items_of(shop.rows)
    rewrites = [pool.rewriter.rewrite(item, None).text for item in items]
    titles = [item.title for item in items]
    same = np.mean([a.lower() == b.lower() for a, b in zip(titles, rewrites, strict=True)])
    print(f"{name}: {len(items)} items, title and rewrite the same in {same:.3f}", flush=True)
    texts = {"titles": titles, "rewrites": rewrites}
    own = {
        kind: kept(folder and folder / f"{name}-{kind}.npy", partial(encoder.encode_texts, words))
        for kind, words in texts.items()
    }
    said = np.array([kept_words(a, b) for a, b in zip(titles, rewrites, strict=True)])
    parts: dict[str, float | np.ndarray] = {f"{share:.2f}": share for share in SHARES}
    parts |= {
        f"{share:.2f} if {least:.2f}": np.where(said < least, 1.0, share).astype(np.float32)
        for least, share in RULES
    }
    embedded = {way: mixed(own["rewrites"], own["titles"], part) for way, part in parts.items()}
    ids = [item.item_id for item in items]
    values: dict[str, dict[str, np.ndarray]] = {}
    for task, asked in shop.asked.items():
        vectors = encode_queries(encoder, list(asked))
        values[task] = {way: ndcg(asked, ids, vectors @ e.T) for way, e in embedded.items()}
    return values


def choose(table: Mapping[str, Mapping[str, Mapping[str, np.ndarray]]]) -> None:
    """Print the choice on all catalogues but one, by mean log ratio; losses count three times."""

    def worth(way: str, names: Sequence[str]) -> float:
        logs = [
            float(np.log(max(ways[way].mean(), 1e-3) / max(ways["1.00"].mean(), 1e-3)))
            for name in names
            for ways in table[name].values()
        ]
        return float(np.mean([value if value > 0 else 3 * value for value in logs]))

    ways = list(next(iter(next(iter(table.values())).values())))
    for name in table:
        best = max(ways, key=lambda way: worth(way, [other for other in table if other != name]))
        ratios = {task: float(v[best].mean() / v["1.00"].mean()) for task, v in table[name].items()}
        print(f"without {name}: {best}, there ÷ title",
              {task: round(ratio, 3) for task, ratio in ratios.items()})  # fmt: skip
    worths = {way: round(worth(way, list(table)), 4) for way in ways}
    print("all:", max(worths, key=lambda way: worths[way]), worths)


def main() -> None:
    """Print the table and the choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", choices=list(SHOPS), default=[])
    parser.add_argument("--items", type=int, default=1_500, help="Ungraded items of icecat.")
    parser.add_argument("--keep", type=Path, help="Folder for the vectors of titles and rewrites.")
    given = parser.parse_args()
    print("python -m benchmarks.words_alone", *sys.argv[1:], f"({platform.machine()})")
    pool = ModelPool(load_settings(data_dir=given.keep))
    encoder = pool.engine("clip").encoder
    table = {}
    for name in given.only or SHOPS:
        shop = SHOPS[name](given.data, given.items)
        table[name] = measured(name, shop, pool, encoder, given.keep)
        for task, ways in table[name].items():
            title = ways["1.00"]
            cells = "  ".join(
                f"{way}: {v.mean():.3f} (p {paired_p(title, v):.3f})" for way, v in ways.items()
            )
            print(f"  {task:16} {len(title):4}  {cells}", flush=True)
    choose(table)


if __name__ == "__main__":
    main()
