"""Evaluation sets that do not ship, as files that ``python app.py index`` and ``evaluate`` take.

``python -m benchmarks.datasets DATA OUT`` writes into ``OUT``:

- ``grocery-queries.parquet``, ``grocery-qrels.csv``: in-store photo → the product on it, for the
  catalogue ``grocery_products.parquet``;
- ``links-queries.csv``, ``links-qrels.csv``: item → items that the shop links to it, and
  ``luma.parquet``: the same items with ``gender``, read from their category path;
- ``myntra.parquet``: a sample with ``gender`` and ``pattern``, read from titles, since the set has
  no such columns;
- ``rooms.parquet``: home furnishing whose only photo is a room that it is said to stand in.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

SEED = 5
_GENDERS = {"men": "men", "women": "women", "boys": "boys", "girls": "girls"}
_PATTERNS = {
    "printed": "printed", "striped": "striped", "stripes": "striped", "stripe": "striped",
    "checked": "checked", "checks": "checked", "check": "checked", "solid": "solid",
}  # fmt: skip


def grocery(data: Path, out: Path, sample: int) -> None:
    """Write photos as queries, and the product on each; 0 means all photos."""
    photos = pd.read_parquet(data / "grocery_photos_dev.parquet")
    products = set(pd.read_parquet(data / "grocery_products.parquet", columns=["item_id"]).item_id)
    photos = photos[photos.item_id.isin(products)]
    if sample:
        photos = photos.sample(sample, random_state=SEED)
    photos[["query_id", "image"]].to_parquet(out / "grocery-queries.parquet")
    photos[["query_id", "item_id"]].assign(relevance=1).to_csv(
        out / "grocery-qrels.csv", index=False
    )


def luma(data: Path, out: Path) -> None:
    """Write links between products per item; variants of a product share its links."""
    items = pd.read_parquet(data / "luma_items.parquet")
    first = items.category_path.str.split("/").str[0]
    items = items.assign(gender=first.where(first.isin(["Men", "Women"]), ""))
    items.to_parquet(out / "luma.parquet")
    product = items.parent_id.where(items.parent_id.fillna("") != "", items.item_id)
    members = items.item_id.groupby(product).agg(list)
    links = pd.read_csv(data / "luma_links.csv")
    links = links[links.sku.isin(members.index) & links.linked_sku.isin(members.index)]
    pairs = [
        (asked, target)
        for sku, linked in links[["sku", "linked_sku"]].drop_duplicates().itertuples(index=False)
        if sku != linked
        for asked in members[sku]
        for target in members[linked]
    ]
    qrels = pd.DataFrame(pairs, columns=["query_id", "item_id"]).assign(relevance=1)
    qrels.to_csv(out / "links-qrels.csv", index=False)
    asked = sorted(set(qrels.query_id))
    pd.DataFrame({"query_id": asked, "text": "", "item_id": asked}).to_csv(
        out / "links-queries.csv", index=False
    )


def myntra(data: Path, out: Path, sample: int) -> None:
    """Write a sample in which half of the titles name a pattern; such titles are rare."""
    items = pd.read_parquet(data / "myntra_60x80.parquet").drop_duplicates("photo_md5")
    words = items.title.str.lower().str.replace("[^a-z ]", " ", regex=True).str.split()
    items["gender"] = words.map(lambda own: _only(own, _GENDERS))
    items["pattern"] = words.map(lambda own: _only(own, _PATTERNS))
    named = items[items.pattern != ""].sample(sample // 2, random_state=SEED)
    others = items.drop(named.index).sample(sample - len(named), random_state=SEED)
    pd.concat([named, others]).to_parquet(out / "myntra.parquet")


def rooms(data: Path, out: Path, most: int) -> None:
    """Write one room photo per item, in the order of rooms."""
    items = pd.read_parquet(data / "ikea_items.parquet").set_index("item_id")
    pictures = pd.read_parquet(data / "ikea_rooms.parquet").set_index("room_id").image
    pairs = pd.read_csv(data / "ikea_room_item.csv")
    pairs = pairs[pairs.item_id.isin(items.index) & pairs.room_id.isin(pictures.index)]
    pairs = pairs.sample(frac=1, random_state=SEED).drop_duplicates("item_id")[:most]
    pairs = pairs.sort_values(["room_id", "item_id"])
    rows = items.drop(columns=["image", "photo_md5"]).loc[pairs.item_id].reset_index()
    rows["image"] = pictures.loc[pairs.room_id].to_numpy()
    rows.to_parquet(out / "rooms.parquet")


def _only(words: list[str], values: dict[str, str]) -> str:
    """Return the value that the words name; empty if they name none or several."""
    matches = {values[word] for word in words if word in values}
    return matches.pop() if len(matches) == 1 else ""


def main() -> None:
    """Write every file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--grocery", type=int, default=0, help="Photos of the sample; 0 is all.")
    parser.add_argument("--myntra", type=int, default=1000, help="Items of the sample.")
    parser.add_argument("--rooms", type=int, default=400, help="Items seen in rooms, at most.")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    grocery(given.data, given.out, given.grocery)
    luma(given.data, given.out)
    myntra(given.data, given.out, given.myntra)
    rooms(given.data, given.out, given.rooms)


if __name__ == "__main__":
    main()
