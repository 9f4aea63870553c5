"""Does VL-CLIP lose to CLIP where the type column holds departments?

    python -m benchmarks.coarse_types DATA [--items 240] [--data-dir DIR]

DATA holds `luma_items.parquet`, `myntra_60x80.parquet` and `grocery_products.parquet`. A sample of
them becomes one catalogue whose type column says the department ("Women", "Footwear", "Fruit").
Each fine type with three items or more is a query; the fine types themselves are in no column.
Prints R-precision and MRR per engine, without and with full-text search, and the paired p.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from core.app.studio import Studio
from core.base.significance import paired_p
from core.domain import Query
from core.settings import load_settings

SEED = 11
ENGINES = ("clip", "vl-clip")
#: Fewest items that make a fine type a query.
FEWEST = 3
_PARTS = (
    ("luma_items", "category", "category_path", 0.4),
    ("myntra_60x80", "article_type", "master_category", 0.35),
    ("grocery_products", "category", "department", 0.25),
)


def catalog(data: Path, items: int) -> pd.DataFrame:
    """Return a sample with columns item_id, title, description, type, fine and image."""
    parts = []
    for name, fine, coarse, share in _PARTS:
        rows = pd.read_parquet(data / f"{name}.parquet").drop_duplicates("title")
        rows = rows.sample(min(int(items * share), len(rows)), random_state=SEED)
        description = rows.description if name != "myntra_60x80" else ""
        parts.append(
            pd.DataFrame(
                {
                    "item_id": name[:2] + "-" + rows.item_id,
                    "title": rows.title,
                    "description": description,
                    "type": rows[coarse].str.split("/").str[0],
                    "fine": rows[fine].str.lower(),
                    "image": rows.image,
                }
            )
        )
    return pd.concat(parts).reset_index(drop=True)


def measure(studio: Studio, name: str, fine: pd.Series) -> None:
    """Print both engines' figures over the fine types."""
    wanted = [kind for kind, count in Counter(fine).items() if count >= FEWEST]
    for fulltext in (False, True):
        figures: dict[str, dict[str, list[float]]] = {}
        for engine in ENGINES:
            scores = figures.setdefault(engine, {"R-precision": [], "MRR": []})
            for kind in wanted:
                query = Query(
                    text=kind, k=len(fine), cutoff=False, fold_duplicates=False, fulltext=fulltext
                )
                hits = studio.search(query, engine, name).hits
                right = np.array([fine[hit.item.item_id] == kind for hit in hits])
                total = int((fine == kind).sum())
                scores["R-precision"].append(float(right[:total].mean()))
                scores["MRR"].append(float(1 / (1 + right.argmax())) if right.any() else 0.0)
        for measure_name in ("R-precision", "MRR"):
            both = [np.array(figures[engine][measure_name]) for engine in ENGINES]
            print(
                f"words {'on ' if fulltext else 'off'} {measure_name:11} {len(wanted)} queries: "
                + ", ".join(f"{e} {v.mean():.3f}" for e, v in zip(ENGINES, both, strict=True))
                + f", paired p {paired_p(*both):.4f}"
            )


def main() -> None:
    """Index the sample and measure both engines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=240)
    parser.add_argument("--data-dir", type=Path)
    given = parser.parse_args()
    print("python -m benchmarks.coarse_types", *sys.argv[1:], f"({platform.machine()})")
    folder = given.data_dir or Path(tempfile.mkdtemp(prefix="vlclip-coarse-"))
    folder.mkdir(parents=True, exist_ok=True)
    rows = catalog(given.data, given.items)
    source = folder / "coarse.parquet"
    rows.drop(columns="fine").to_parquet(source)
    studio = Studio(load_settings(data_dir=folder))
    report = studio.indexing.index(source, name="coarse")
    print(f"{report.items} items")
    for item in studio.items("coarse", limit=12):
        print(f"  {item.title} | {item.product_type} | {item.department}")
    measure(studio, "coarse", rows.set_index("item_id").fine)


if __name__ == "__main__":
    main()
