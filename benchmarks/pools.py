"""Embed samples of the evaluation sets once, for the benchmarks of ranking and views.

    python -m benchmarks.pools DATA FOLDER [--only NAME …] [--items 250]

Makes one catalogue per set below FOLDER: photo and title by the engine `photo`, crop and rewrite by
the engine `crop`, as the indexing pipeline makes them. A run that was stopped goes on. Benchmarks
read the picture vectors and the rewrites from there and embed all texts with today's text tower,
so a new text tower needs no new pictures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from benchmarks import coarse_types, datasets
from core.app.library import Library
from core.app.models import ModelPool
from core.app.studio import Studio
from core.base.background import plain_foreground
from core.base.image_decoding import read_image
from core.base.image_views import is_busy
from core.catalog.ingest import ingest
from core.domain import Engine, ImageView, Item, TextView, Towers
from core.pipeline.indexer import run_index
from core.ports.engines import EngineModel, IndexingModels
from core.settings import Settings, load_settings
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from core.store.vectors import Vectors

SEED = 21
#: The sets, in the order that they are made in.
NAMES = ("grocery", "luma", "ikea", "myntra", "rooms", "coarse", "demo")
#: Size of the mixed catalogue whose parts are the sets `luma`, `myntra` and `grocery`.
MIXED = 400
_FILES = {
    "grocery": ("grocery_products", "gr-"),
    "luma": ("luma_items", "lu-"),
    "myntra": ("myntra_60x80", "my-"),
}
#: Number of photos of groceries in shops, used as queries for their product.
SHOP_PHOTOS = 150
_COMPACT = {"compact": Towers("compact", "clip-vit-b-16")}
VIEWS = (
    Engine("photo", "Photo", "", ImageView.PHOTO, TextView.TITLE, 0.2, _COMPACT),
    Engine("crop", "Crop", "", ImageView.CROP, TextView.REWRITE, 0.2, _COMPACT),
)


@dataclass(frozen=True)
class Pool:
    """What the benchmarks know of one set; every array is in the order of ``items``.

    Attributes:
        name: Name of the set.
        items: The items.
        photo: Vectors of whole photos, ``[n, d] float32, L2-normalised``.
        crop: Vectors of crops, ``[n, d] float32, L2-normalised``.
        rewrites: The rewritten texts; before an item is grounded, those of its fields alone.
        share: Share of the photo that the crop covers; 1 for the whole photo.
        score: Score of the grounding; 0 if nothing was cropped.
        plain: Whether the photo's background is plain.
        busy: Whether the crop was cut out of a photo that shows more than the product.
        side: Side in pixels of a square as large as the crop; infinite for the whole photo.
        grounded: Whether the item has been grounded and rewritten yet.
        kinds: What each item is, for tasks by type; finer than the type column in `coarse`.
        extra: Vectors of photos that ask for their product, and its id.
        photos: The photos.
    """

    name: str
    items: tuple[Item, ...]
    photo: Vectors
    crop: Vectors
    rewrites: tuple[str, ...]
    share: np.ndarray
    score: np.ndarray
    plain: np.ndarray
    busy: np.ndarray
    side: np.ndarray
    grounded: np.ndarray
    kinds: tuple[str, ...]
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    photos: ImageStore | None = None

    @property
    def ids(self) -> list[str]:
        """Return the ids of the items."""
        return [item.item_id for item in self.items]


def sources(data: Path, name: str, items: int) -> pd.DataFrame:
    """Return the rows of a set, as a catalogue's file has them."""
    if name in _FILES:
        file, prefix = _FILES[name]
        rows = pd.read_parquet(data / f"{file}.parquet").set_index("item_id")
        mixed = coarse_types.catalog(data, MIXED).item_id
        chosen = mixed[mixed.str.startswith(prefix)].str.removeprefix(prefix)
        return rows.loc[chosen].reset_index().rename(columns={"article_type": "type"})
    if name == "ikea":
        return pd.read_parquet(data / "ikea_items.parquet").sample(items, random_state=SEED)
    if name == "rooms":
        with TemporaryDirectory() as folder:
            datasets.rooms(data, Path(folder), 250)
            return pd.read_parquet(Path(folder) / "rooms.parquet").head(items // 2)
    return coarse_types.catalog(data, 160)


def make(data: Path, folder: Path, name: str, items: int) -> None:
    """Index one set, or resume a stopped run."""
    settings = load_settings(data_dir=folder)
    if name == "demo":
        Studio(settings).indexing.index_demo()
        return
    source = folder / f"{name}.parquet"
    rows = sources(data, name, items)
    folder.mkdir(parents=True, exist_ok=True)
    rows.drop(columns="fine", errors="ignore").to_parquet(source)
    if "fine" in rows:
        kinds = dict(zip(rows.item_id, rows.fine, strict=True))
        (folder / f"{name}-kinds.json").write_text(json.dumps(kinds))
    catalog = Library(settings).create(name)
    models = models_of(settings)
    if name == "grocery":
        _shop_photos(data, folder, models.engines[0])
    run_index(
        catalog.store,
        catalog.images,
        models,
        lambda rows: ingest(source, store=catalog.images, settings=settings, known_rows=rows),
        on_progress=lambda p: print(name, p.stage, p.done, p.total, flush=True),
    )


def models_of(settings: Settings) -> IndexingModels:
    """Return both views' engines over the compact towers."""
    pool = ModelPool(settings)
    encoder = pool.engine("clip").encoder
    engines = [EngineModel(view, encoder) for view in VIEWS]
    return IndexingModels(engines, pool.grounder, pool.rewriter, settings.crop_padding)


def _shop_photos(data: Path, folder: Path, model: EngineModel) -> None:
    target = folder / "grocery-photos.npz"
    if target.exists():
        return
    photos = pd.read_parquet(data / "grocery_photos_dev.parquet")
    products = set(pd.read_parquet(data / "grocery_products.parquet", columns=["item_id"]).item_id)
    photos = photos[photos.item_id.isin(products)].sample(SHOP_PHOTOS, random_state=SEED)
    pictures = [read_image(image, max_megapixels=50, max_bytes=2**24) for image in photos.image]
    vectors = model.encoder.encode_images(pictures)
    np.savez(target, vectors=vectors, right=photos.item_id.to_numpy(str))


def load(folder: Path, name: str) -> Pool:
    """Read one set made by ``make``."""
    store = CatalogStore(folder / "catalogs" / name)
    served = "vl-clip" in store.engines()  # by the shipped engines, which have the same views
    whole, cut = ("clip", "vl-clip") if served else ("photo", "crop")
    photo_ids, (photo,) = store.vectors(whole).columns("image_vector")
    records = store.items.records()
    ids = sorted(set(photo_ids) & set(records))
    row = {item_id: n for n, item_id in enumerate(photo_ids)}
    photo = photo[[row[item_id] for item_id in ids]]
    rows = store.vectors(cut).get(ids)
    crop = photo.copy()
    for n, item_id in enumerate(ids):
        if item_id in rows:
            crop[n] = rows[item_id].image_vector
    groundings = store.groundings.get({r.grounding_key for r in rows.values()})
    share, score, busy = np.ones(len(ids)), np.zeros(len(ids)), np.zeros(len(ids), bool)
    side = np.full(len(ids), np.inf)
    for n, item_id in enumerate(ids):
        if item_id not in rows:
            continue
        grounding = groundings.get(rows[item_id].grounding_key)
        best = grounding.best if grounding else None
        if grounding and best:
            share[n] = best.box.area / (grounding.width * grounding.height)
            score[n] = best.score
            busy[n] = is_busy(grounding)
            side[n] = np.sqrt(best.box.area)
    items = tuple(records[item_id].item for item_id in ids)
    plain = _plain(folder, name, items)
    fine = folder / f"{name}-kinds.json"
    kinds = json.loads(fine.read_text()) if fine.exists() else {}
    rules = ModelPool(load_settings(data_dir=folder)).rewriter
    extra = {}
    if name == "grocery" and (folder / "grocery-photos.npz").exists():
        with np.load(folder / "grocery-photos.npz") as stored:
            extra = {key: stored[key] for key in stored.files}
    return Pool(
        name, items, photo, crop,
        tuple(records[i].rewrite or rules.rewrite(records[i].item, None).text for i in ids),
        share, score, np.array(plain), busy, side, np.array([item_id in rows for item_id in ids]),
        tuple(kinds.get(item.item_id, item.product_type.lower()) for item in items),
        extra,
        Library(load_settings(data_dir=folder)).get(name).images,
    )  # fmt: skip


def _plain(folder: Path, name: str, items: Sequence[Item]) -> list[bool]:
    """Tell which items' photos have a plain background; the result is cached."""
    notes = folder / f"{name}-plain.json"
    texts = json.loads(notes.read_text()) if notes.exists() else {}
    images = Library(load_settings(data_dir=folder)).get(name).images
    for item in items:
        if item.photo.sha256 not in texts:
            photo = images.open(item.photo.sha256)
            texts[item.photo.sha256] = plain_foreground(photo) is not None
    notes.write_text(json.dumps(texts))
    return [texts[item.photo.sha256] for item in items]


def main() -> None:
    """Make the requested sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", choices=NAMES, default=[])
    parser.add_argument("--items", type=int, default=120, help="Items of IKEA; rooms: half.")
    given = parser.parse_args()
    for name in given.only or NAMES:
        make(given.data, given.folder, name, given.items)


if __name__ == "__main__":
    main()
