"""Titles against rewrites as what is searched with: text → own photo, per engine's picture.

    python -m benchmarks.text_views --catalog NAME [--data-dir DIR]

Takes the stored vectors of an indexed catalogue: ``clip`` has whole photos and titles, ``vl-clip``
crops and rewrites. Items whose title and rewrite are the same sentence count, too, and are told.
"""

from __future__ import annotations

import argparse

import numpy as np

from core.app.library import Library
from core.base.significance import paired_p
from core.ports.encoder import Vectors
from core.settings import load_settings


def ranks(texts: Vectors, pictures: Vectors) -> np.ndarray:
    """Rank of each text's own picture, from 1; ties count against it."""
    scores = texts @ pictures.T
    return np.asarray((scores >= np.diag(scores)[:, None]).sum(axis=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalog", default="demo")
    parser.add_argument("--data-dir")
    given = parser.parse_args()
    store = Library(load_settings(data_dir=given.data_dir)).get(given.catalog).store
    records = store.items.records()
    rows = {engine: store.vectors(engine).get(records) for engine in ("clip", "vl-clip")}
    ids = [item_id for item_id in records if all(item_id in by_id for by_id in rows.values())]
    same = np.mean(
        [records[item_id].rewrite.lower() == records[item_id].item.title.lower() for item_id in ids]
    )
    print(f"{given.catalog}: {len(ids)} items; rewrite and title the same in {same:.3f}")

    def stack(engine: str, name: str) -> Vectors:
        return np.stack([getattr(rows[engine][item_id], name) for item_id in ids]).astype(
            np.float32
        )

    for engine in rows:
        pictures, figures = stack(engine, "image_vector"), {}
        for view, source in (("title", "clip"), ("rewrite", "vl-clip")):
            photo_ranks = ranks(stack(source, "text_vector"), pictures)
            figures[view] = {"HITS@5": (photo_ranks <= 5).astype(float), "MRR": 1 / photo_ranks}
        for name, titles in figures["title"].items():
            rewrites = figures["rewrite"][name]
            p = paired_p(titles, rewrites)
            print(f"  {engine} {name}: title {titles.mean():.3f}, ", end="")
            print(f"rewrite {rewrites.mean():.3f}, paired p {p:.4f}")


if __name__ == "__main__":
    main()
