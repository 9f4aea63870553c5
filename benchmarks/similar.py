"""Measure similar items: P@5 by variants of a product, by a shop's own links, and by type.

    python -m benchmarks.similar DATA_DIR CATALOG … [--links luma_links.csv]

Each catalogue is indexed in DATA_DIR. Asks with every item, in three ways: by vector alone
(`any type`, as it was before product types counted), kept to its product type (the pages' default)
and with a varied first row. Right are its variants (the same `group`), the items that the shop
links to (`upsell` are alternatives, `related` and `crosssell` go with it; variants share their
links), and items of its type. An item with fewer than five right ones can't reach 1; `at best` says
what could be reached. p is that of a paired randomisation test against `any type` and, in the last
column, of `vl-clip` against `clip`.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.app.studio import Studio
from core.base.significance import paired_p
from core.domain import Item, Query
from core.settings import load_settings

ENGINES = ("clip", "vl-clip")
DEPTH = 5
_ANY = Query(k=DEPTH, cutoff=False, fold_duplicates=False)
WAYS: Mapping[str, Query] = {
    "any type": replace(_ANY, any_type=True),
    "same type": _ANY,
    "varied": replace(_ANY, varied=True),
}
#: Right items by item.
Right = Mapping[str, set[str]]


def judgments(items: Sequence[Item], links: Path | None) -> dict[str, Right]:
    """Return the right items of each item, by what says so."""
    by_type = _together({item.item_id: item.product_type.lower() for item in items})
    judged = {
        "variants": _together({item.item_id: item.group for item in items}),
        "type": {name: right for name, right in by_type.items() if len(right) >= DEPTH},
    }
    if links is not None:
        judged |= _linked(items, pd.read_csv(links))
    return {name: right for name, right in judged.items() if right}


def _together(labels: Mapping[str, str]) -> Right:
    """Return the other items with an item's label, of those that have one and are not alone."""
    members: dict[str, set[str]] = {}
    for item_id, label in labels.items():
        if label:
            members.setdefault(label, set()).add(item_id)
    return {i: members[n] - {i} for i, n in labels.items() if n and len(members[n]) > 1}


def _linked(items: Sequence[Item], links: pd.DataFrame) -> dict[str, Right]:
    """Return the linked items by kind of link; variants of a product share its links."""
    members: dict[str, set[str]] = {}
    for item in items:
        members.setdefault(item.group or item.item_id, set()).add(item.item_id)
    judged: dict[str, dict[str, set[str]]] = {}
    for kind, sku, linked in zip(links.type, links.sku, links.linked_sku, strict=True):
        if sku != linked and sku in members and linked in members:
            for item_id in members[sku]:
                judged.setdefault(kind, {}).setdefault(item_id, set()).update(members[linked])
    return dict(judged)


def answers(studio: Studio, catalog: str, engine: str, ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the first hits of every item, by way and item: ``way item`` → ids."""
    lists = {}
    for way, query in WAYS.items():
        for item_id in ids:
            hits = studio.search(replace(query, item_id=item_id), engine, catalog).hits
            lists[f"{way} {item_id}"] = [hit.item.item_id for hit in hits]
    return lists


def precision(lists: Mapping[str, list[str]], way: str, right: Right) -> np.ndarray:
    """Return P@5 of each judged item."""
    return np.array([
        sum(hit in ids for hit in lists[f"{way} {item_id}"]) / DEPTH
        for item_id, ids in right.items()
    ])  # fmt: skip


def measure(studio: Studio, catalog: str, links: Path | None) -> None:
    """Print one catalogue's rows."""
    items = list(studio.items(catalog, limit=1_000_000))
    lists = {
        engine: answers(studio, catalog, engine, [item.item_id for item in items])
        for engine in ENGINES
    }
    for name, right in judgments(items, links).items():
        best = np.mean([min(len(ids), DEPTH) / DEPTH for ids in right.values()])
        print(f"{catalog}, {name}: {len(right)} items, at best {best:.3f}")
        for way in WAYS:
            cells, both = [], []
            for engine in ENGINES:
                before = precision(lists[engine], "any type", right)
                values = precision(lists[engine], way, right)
                both.append(values)
                cells.append(f"{engine} {values.mean():.3f} (p {paired_p(before, values):.3f})")
            print(f"  {way:10} {'  '.join(cells)}  vl-clip ÷ clip "
                  f"{both[1].mean() / max(both[0].mean(), 1e-9):.3f} "
                  f"(p {paired_p(*both):.3f})", flush=True)  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("catalogs", nargs="+")
    parser.add_argument("--links", type=Path, help="Links between luma's products.")
    given = parser.parse_args()
    print("python -m benchmarks.similar", *sys.argv[1:], f"({platform.machine()})")
    studio = Studio(load_settings(data_dir=given.data_dir))
    for catalog in given.catalogs:
        measure(studio, catalog, given.links if catalog == "luma" else None)


if __name__ == "__main__":
    main()
