"""Catalogue photos: myntra (MIT), groceries (MIT), clothing (CC0) and the demo candidates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from core.training.corpus.record import (
    TitledPicture,
    bucket,
    clean,
    open_file,
    parquet_pictures,
)

#: Held-out myntra products per department, for the evaluation pool.
POOL = {"Apparel": 130, "Footwear": 130, "Accessories": 130, "Personal Care": 110}
#: Fruit of the demo catalogue; never held out.
_DEMO_FRUIT = ("Apple", "Pear", "Orange", "Satsumas", "Melon")
_NO_SINGULAR = ("ss", "Jeans", "Trousers", "Shorts", "Shoes", "Pants", "Flops", "Tights")


def demo(folder: Path) -> Iterator[TitledPicture]:
    """Yield the demo candidates of the departments home and art."""
    for row in pd.read_csv(folder / "items.csv", dtype=str).fillna("").itertuples():
        title = row.title.lower()
        if row.department == "home":
            split = "test" if bucket(title, 8) == 0 else "train"
            texts = clean(_home_texts(row))
            names = [row.image] + [row.icon] * (
                row.rendered_384 in ("1", "1.0") and split == "train"
            )
        elif row.department == "art":
            split = "test" if bucket(title, 4) == 0 else "train"
            texts, names = clean(_art_texts(row)), [row.image]
        else:
            continue
        for name in names:
            key = f"demo:{row.item_id}" + ":icon" * (name != row.image)
            source, load = f"demo_{row.department}", open_file(folder / name)
            yield TitledPicture(key, source, title, split, texts, load)


def _home_texts(row: Any) -> list[str]:
    title, tags = row.title, row.tags.split(";")[0].replace("tags:", "").strip()
    texts = [title, f"{title}, {row.category}", f"a photo of a {title.lower()}"]
    return texts + [f"{title}, {tags}"] * (tags not in ("", "Blend Swap"))


def _art_texts(row: Any) -> list[str]:
    artist, _, medium = ([part.strip() for part in row.tags.split(";")] + ["", "", ""])[:3]
    texts = [row.title] + [f"{row.title}, painting by {artist}"] * bool(artist)
    return [*texts, f"a painting of {row.title}", *[f"painting, {medium}"] * bool(medium)]


def groceries(folder: Path) -> Iterator[TitledPicture]:
    """Yield 81 products and the in-store photos of them; whole categories are held out."""
    products = pd.read_parquet(folder / "grocery_products.parquet").fillna("")
    photos = pd.read_parquet(folder / "grocery_photos_dev.parquet", columns=["query_id", "item_id"])
    held = {
        name
        for name in products.category.unique()
        if bucket("g" + name, 4) == 0 and name not in _DEMO_FRUIT
    }
    labelled = {}
    pictures = parquet_pictures(folder / "grocery_products.parquet")
    for row, load in zip(products.itertuples(), pictures, strict=True):
        kind, split = row.category, "test" if row.category in held else "train"
        label = row.title if kind.lower() in row.title.lower() else f"{row.title} {kind}"
        sentences = [part.strip() + "." for part in row.description.split(".") if len(part) > 15]
        labelled[row.item_id] = kind, split, clean(_grocery_texts(label, row))
        texts = clean([row.title, label, *sentences[:3]])
        key = f"gprod:{row.item_id}"
        yield TitledPicture(key, "grocery_products", kind, split, texts, load)
    pictures = parquet_pictures(folder / "grocery_photos_dev.parquet")
    for row, load in zip(photos.itertuples(), pictures, strict=True):
        kind, split, texts = labelled[row.item_id]
        yield TitledPicture(f"gphoto:{row.query_id}", "grocery_photos", kind, split, texts, load)


def _grocery_texts(label: str, row: Any) -> Iterator[str]:
    kind = row.category.lower()
    yield from (label.lower(), row.title, f"a photo of {kind}", f"{row.category} in a store")
    yield from (f"{label}, {row.department}", kind if kind.endswith("s") else f"{kind}s")
    if row.department == "Packages":
        yield f"a carton of {kind}"
    else:
        plural = kind if row.category in ("Garlic", "Ginger") else f"{kind}s"
        yield from (f"{plural} in a crate", f"fresh {kind} in a supermarket")


def clothing(folder: Path) -> Iterator[TitledPicture]:
    """Yield user photos of clothes with 17 labels; a sender's photos are in one part of the
    split."""
    path = folder / "clothing_cc0.parquet"
    rows = pd.read_parquet(path, columns=["item_id", "category", "kids", "sender_id"])
    for row, load in zip(rows.itertuples(), parquet_pictures(path), strict=True):
        if row.category in ("Not sure", "Other", "Skip"):
            continue
        kind, kids = row.category.lower(), "kids' " if row.kids else ""
        texts = (f"{kids}{kind}", f"a photo of a {kids}{kind}", f"{kind} lying flat")
        split = "test" if bucket(f"s{row.sender_id}", 5) == 0 else "train"
        sender, key = str(row.sender_id), f"cloth:{row.item_id}"
        yield TitledPicture(
            key, "clothing", sender, split, clean([*texts, f"{kind}, clothes"]), load
        )


def fashion(folder: Path, limit: int) -> Iterator[TitledPicture]:
    """Yield myntra photos, rare types and colours first; equal titles and photos are in one part.

    Args:
        folder: Holds ``myntra_60x80.parquet``.
        limit: Most training photos.
    """
    path = folder / "myntra_60x80.parquet"
    names = ["item_id", "title", "article_type", "colour", "usage", "master_category"]
    items = pd.read_parquet(path, columns=[*names, "category", "photo_md5"]).fillna("")
    items["row"] = range(len(items))
    items["group"] = items.title.str.lower().str.strip()
    items["held"] = [bucket("m" + group, 12) == 0 for group in items.group]
    shared = set(items[items.held].photo_md5)
    items = items[items.held | ~items.photo_md5.isin(shared)]
    items = items.drop_duplicates("photo_md5").sample(frac=1, random_state=0)
    pictures = list(parquet_pictures(path))
    pool = pd.concat([_pool(items, *department) for department in POOL.items()])
    rest = items[items.held & ~items.item_id.isin(pool.item_id)].drop_duplicates("group").head(250)
    train = items[~items.held].drop_duplicates("group")
    rank = train.groupby("article_type").cumcount()
    colour_rank = train.groupby(["article_type", "colour"]).cumcount()
    train = train.assign(order=colour_rank * 6 + rank).sort_values("order").head(limit)
    for part, split in ((train, "train"), (rest, "val"), (pool, "test")):
        for row in part.itertuples():
            source = "myntra"
            if split == "test":
                source = "pool_" + row.master_category.replace(" ", "_").lower()
            texts, group = clean(_fashion_texts(row)), "t:" + row.group
            key = f"myn:{row.item_id}"
            yield TitledPicture(key, source, group, split, texts, pictures[row.row])


def _pool(items: pd.DataFrame, department: str, size: int) -> pd.DataFrame:
    pool = items[items.held & (items.master_category == department)].drop_duplicates("group")
    return pool.groupby("article_type", group_keys=False).head(max(4, size // 6)).head(size)


def _fashion_texts(row: Any) -> Iterator[str]:
    kind = row.article_type
    singular = kind[:-1] if kind.endswith("s") and not kind.endswith(_NO_SINGULAR) else kind
    colour = "" if row.colour == "NA" else row.colour
    match = re.search(r"\b(Men|Women|Boys|Girls|Unisex|Kids)\b", row.title)
    audience = match.group(1) if match else ""
    yield row.title
    yield f"{colour} {singular}".lower()
    yield f"a photo of {colour} {kind}".lower()
    yield f"{audience} {colour} {singular}".lower()
    yield f"{row.usage} {colour} {singular}".lower()
    yield f"{kind}, {colour}, {row.category}"


def evaluation(folder: Path) -> Iterator[TitledPicture]:
    """Yield the sets that are never trained on: IKEA and luma, whole."""
    for source, group in (("ikea", "photo_md5"), ("luma", "parent_id")):
        path = folder / f"{source}_items.parquet"
        rows = pd.read_parquet(path, columns=["item_id", "title", group])
        for row, load in zip(rows.itertuples(index=False), parquet_pictures(path), strict=True):
            key = f"{source}:{row.item_id}"
            yield TitledPicture(key, source, str(row[2]), "test", clean([row.title]), load)
