"""Compare orders of hits: a weighted score and reciprocal rank fusion, by cross-validation.

    python -m benchmarks.ranking FOLDER DATA

FOLDER holds the candidates that `benchmarks/calibrate.py` kept. Queries are fine types with their
items as right answers: with the types' columns searched (`type`; in `coarse` the column holds
departments) and without them (`blind`). Weights are chosen on all catalogues but one and measured
there. DATA holds icecat's graded judgments, for the words alone.
"""

from __future__ import annotations

import argparse
import pickle
import platform
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.calibration_queries import NOUNS, Asked
from core.base.significance import paired_p
from core.domain import Item, Photo
from core.search import query_words
from core.search.word_counts import WordCounts
from core.search.word_match import WordMatcher
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord

Weights = Mapping[str, float]
CHOICES: tuple[Weights, ...] = tuple(
    {"z": 1.0, "cover": cover, "head": head, "text": text}
    for cover, head, text in product((0, 1, 2, 3, 4, 6, 8), (0, 1, 2, 3, 4, 6, 8), (0, 2, 4))
)
BASELINES: dict[str, Weights] = {
    "vectors": {"z": 1.0},
    "RRF": {"rrf": 1.0},
    "words": {"cover": 3.0, "head": 2.0},
}


def score(question: Asked, weights: Weights) -> np.ndarray:
    """Return the score of each candidate."""
    return np.asarray(sum(weight * question.table[name] for name, weight in weights.items()))


def gain(grades: np.ndarray, scores: np.ndarray, depth: int = 10) -> float:
    """Return nDCG at ``depth`` over the candidates."""
    discount = 1 / np.log2(np.arange(2, depth + 2))
    ranked = grades[np.argsort(-scores, kind="stable")][:depth]
    best = np.sort(grades)[::-1][:depth]
    return float((ranked * discount[: len(ranked)]).sum() / (best * discount[: len(best)]).sum())


def values(asked: Sequence[Asked], weights: Weights) -> np.ndarray:
    """Return nDCG@10 of each query."""
    return np.array(
        [gain(question.right.astype(float), score(question, weights)) for question in asked]
    )


def fusion(asked: Sequence[Asked]) -> None:
    """Print the table of orders by catalogue, with their weights."""
    names = sorted({question.catalog for question in asked})
    sets = {name: [question for question in asked if question.catalog == name] for name in names}
    table = {i: {n: values(sets[n], w) for n in names} for i, w in enumerate(CHOICES)}
    base = {label: {n: values(sets[n], w) for n in names} for label, w in BASELINES.items()}
    print(f"nDCG@10    {'queries':>7} " + " ".join(f"{label:>8}" for label in (*base, "weighted")))
    all_own, all_rrf = [], []
    for name in names:
        others = [n for n in names if n != name]
        best = max(table, key=lambda i: np.mean([table[i][n].mean() for n in others]))
        own, rrf = table[best][name], base["RRF"][name]
        all_own.append(own)
        all_rrf.append(rrf)
        cells = " ".join(f"{base[label][name].mean():8.3f}" for label in base)
        print(f"{name:10} {len(own):7} {cells} {own.mean():8.3f}  p {paired_p(rrf, own):.4f}  "
              f"{dict(CHOICES[best])}")  # fmt: skip
    own, rrf = np.concatenate(all_own), np.concatenate(all_rrf)
    print(f"all        {len(own):7} RRF {rrf.mean():.3f}, weighted {own.mean():.3f}, "
          f"p {paired_p(rrf, own):.4f}")  # fmt: skip
    best = max(table, key=lambda i: np.mean([table[i][n].mean() for n in names]))
    mean = np.mean([table[best][n].mean() for n in names])
    print(f"chosen on all: {dict(CHOICES[best])}, mean {mean:.3f}", flush=True)


def icecat(data: Path) -> None:
    """Print nDCG@10 of the judged items of icecat, by BM25 and by our score of words."""
    judged = pd.read_csv(data / "icecat_query_item_relevance.csv", dtype={"item_id": str})
    items = pd.read_parquet(data / "icecat_items.parquet").set_index("item_id")
    items = items.loc[[i for i in judged.item_id.unique() if i in items.index]]
    with tempfile.TemporaryDirectory() as folder:
        store = CatalogStore(Path(folder) / "icecat")
        store.items.upsert([
            ItemRecord(Item(str(i), r.title, Photo("", 1, 1, "00" * 8), r.description or ""), "")
            for i, r in items.iterrows()
        ])  # fmt: skip
        store.items.index_words()
        counts = WordCounts(store)
        bm25, fitted, joined = [], [], []
        for text, rows in judged.groupby("query"):
            grades = {str(i): float(g) for i, g in zip(rows.item_id, rows.rating, strict=True)}
            texts = store.items.texts(grades)
            names = list(texts)
            grade = np.array([grades[name] for name in names])
            if grade.max() == 0:
                continue
            listed = store.items.match(str(text), 5_000)
            place = {match.item_id: n for n, match in enumerate(listed)}
            order = np.array([-float(place.get(name, 10_000)) for name in names])
            words = query_words.read(str(text), NOUNS)
            matcher = WordMatcher(words, "", counts.rarity(words.words), NOUNS)
            matches = [matcher.match(texts[name]) for name in names]
            heads = [match.cover if match.head is None else match.head for match in matches]
            said = 3 * np.array([match.cover for match in matches]) + 2 * np.array(heads)
            bm25.append(gain(grade, order))
            fitted.append(gain(grade, said))
            joined.append(gain(grade, said + order * 1e-6))
    for label, value in (("words", fitted), ("words, ties by BM25", joined)):
        print(f"icecat, {len(bm25)} queries: BM25 {np.mean(bm25):.3f}, "
              f"{label} {np.mean(value):.3f}, "
              f"p {paired_p(np.array(bm25), np.array(value)):.4f}", flush=True)  # fmt: skip


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    print("python -m benchmarks.ranking", *sys.argv[1:], f"({platform.machine()})")
    kept = (given.folder / "asked.pickle").read_bytes()
    asked, _ = pickle.loads(kept)  # noqa: S301 - our own
    asked = [question for question in asked if question.right.any()]
    for group in ("type", "blind"):
        for engine in ("clip", "vl-clip"):
            print(f"\n{group}, {engine}")
            fusion(
                [
                    question
                    for question in asked
                    if (question.group, question.engine) == (group, engine)
                ]
            )
    icecat(given.data)


if __name__ == "__main__":
    main()
