"""Measure the effect of cropping on retrieval: ``photo``, ``crop`` and ``cutout`` in one run.

Reads ``grocery_photos_dev.parquet`` + ``grocery_products.parquet`` (an in-store photo → the one
product on it; the prompt is its department) and ``ikea_rooms.parquet`` + ``ikea_items.parquet`` +
``ikea_room_item.csv`` (a room photo and a product type → the items of that type that are said to
stand in that room) from a folder that is not part of the project. Pictures are compared with
pictures; queries and shelf are seen in the same view. ``words alone`` ranks by the prompt's own
vector: what is known without looking. Differences to ``photo`` come with a 95 % interval and a
paired randomisation test.

    python -m benchmarks.grounded_retrieval DATA_DIR [--queries 120] [--shelf 300] [--tau 0.35 …]
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.base.image_views import image_view
from core.base.significance import interval, paired_p
from core.domain import Grounding, ImageView
from core.embedding.compact import CompactEncoder
from core.evaluation.measures import per_query
from core.settings import Settings, load_settings
from core.vision.compact_grounder import CompactGrounder
from core.vision.grounders import build_compact_grounder, build_mobile_segmenter
from core.weights import WeightStore

MEASURES = ("hits@1", "hits@5", "mrr")
SEED = 3


@dataclass(frozen=True)
class Ask:
    photo: Image.Image
    prompt: str
    right: frozenset[str]


@dataclass(frozen=True)
class Task:
    name: str
    asks: tuple[Ask, ...]
    shelf: dict[str, tuple[Image.Image, str]]


def grocery(data: Path, queries: int, _: int) -> Task:
    products = pd.read_parquet(data / "grocery_products.parquet")
    shelf = {row.item_id: (_open(row.image), row.category) for row in products.itertuples()}
    department = dict(zip(products.item_id, products.department, strict=True))
    photos = pd.read_parquet(data / "grocery_photos_dev.parquet")
    photos = photos[photos.item_id.isin(shelf)].sample(queries, random_state=SEED)
    asks = (
        Ask(_open(row.image), department[row.item_id], frozenset({row.item_id}))
        for row in photos.itertuples()
    )
    return Task("in-store groceries → product", tuple(asks), shelf)


def ikea(data: Path, queries: int, most: int) -> Task:
    items = pd.read_parquet(data / "ikea_items.parquet").set_index("item_id")
    rooms = pd.read_parquet(data / "ikea_rooms.parquet").set_index("room_id").image
    pairs = pd.read_csv(data / "ikea_room_item.csv")
    pairs = pairs[pairs.item_id.isin(items.index) & pairs.room_id.isin(rooms.index)]
    pairs["category"] = items.category.loc[pairs.item_id].to_numpy()
    groups = list(pairs.groupby(["room_id", "category"], sort=True))
    chosen = np.random.default_rng(SEED).permutation(len(groups))[:queries]
    opened = cache(lambda room: _open(rooms[room]))
    asks = tuple(
        Ask(opened(room), category, frozenset(rows.item_id))
        for (room, category), rows in (groups[i] for i in chosen)
    )
    wanted = sorted(set().union(*(ask.right for ask in asks)))
    others = items.drop(index=wanted).sample(max(0, most - len(wanted)), random_state=SEED)
    shelf = {
        name: (_open(items.image[name]), items.category[name]) for name in [*wanted, *others.index]
    }
    return Task("IKEA rooms → item", asks, shelf)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def looked(
    ground: Callable[[Image.Image, str], Grounding], given: Iterable[tuple[Image.Image, str]]
) -> tuple[list[Grounding], float]:
    started = time.perf_counter()
    groundings = [ground(photo, prompt) for photo, prompt in given]
    return groundings, (time.perf_counter() - started) / max(len(groundings), 1)


def run(
    task: Task,
    encoder: CompactEncoder,
    grounder: CompactGrounder,
    settings: Settings,
    thresholds: Sequence[float],
) -> None:
    names, pictures = list(task.shelf), list(task.shelf.values())
    asked = [(ask.photo, ask.prompt) for ask in task.asks]
    stood, per_item = looked(grounder.ground, pictures)
    groundings, per_photo = looked(grounder.find, asked)
    qrels = {str(i): dict.fromkeys(ask.right, 1) for i, ask in enumerate(task.asks)}
    print(f"\n{task.name}: {len(asked)} queries, {len(names)} on the shelf")
    print(f"  grounding: {per_photo:.2f} s per query photo, {per_item:.2f} s per shelf photo")

    def vectors(
        given: Sequence[tuple[Image.Image, str]],
        seen: Sequence[Grounding],
        view: ImageView,
        tau: float,
    ) -> np.ndarray:
        shown = (
            image_view(photo, replace(grounding, threshold=tau), view, settings.crop_padding)
            for (photo, _), grounding in zip(given, seen, strict=True)
        )
        return encoder.encode_images(list(shown))

    def score(queries: np.ndarray, shelf: np.ndarray) -> dict[str, np.ndarray]:
        near = queries @ shelf.T
        order = np.argsort(-near, axis=1)
        ranked = {
            str(i): [(names[j], float(near[i, j])) for j in row] for i, row in enumerate(order)
        }
        values = per_query(ranked, qrels, MEASURES)
        return {m: np.array([values[m][q] for q in qrels]) for m in MEASURES}

    tau = settings.grounding_threshold
    shelf = {view: vectors(pictures, stood, view, tau) for view in ImageView}
    whole = score(vectors(asked, groundings, ImageView.PHOTO, tau), shelf[ImageView.PHOTO])
    say("words alone", score(encoder.encode_texts([p for _, p in asked]), shelf[ImageView.PHOTO]))
    say("photo", whole)
    for tau in thresholds:
        sure = np.mean(
            [
                bool(grounding.detections) and grounding.detections[0].score >= tau
                for grounding in groundings
            ]
        )
        for view in (ImageView.CROP, ImageView.CUTOUT):
            seen = vectors(asked, groundings, view, tau)
            title = f"{view.value}, τ {tau:g} ({sure:.0%} found)"
            say(title, score(seen, shelf[view]), whole)
            if tau == thresholds[0]:
                say("  shelf as whole photos", score(seen, shelf[ImageView.PHOTO]), whole)


def say(
    title: str, values: dict[str, np.ndarray], baseline: dict[str, np.ndarray] | None = None
) -> None:
    parts = [f"  {title:28s}", *(f"{m} {values[m].mean():.3f}" for m in MEASURES)]
    if baseline:
        gain = interval(values["mrr"] - baseline["mrr"])
        p = paired_p(baseline["mrr"], values["mrr"])
        parts.append(f"MRR {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] p {p:.4f}")
    print("  ".join(parts), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--queries", type=int, default=120)
    parser.add_argument("--shelf", type=int, default=300, help="Items of the IKEA shelf.")
    parser.add_argument("--tau", type=float, nargs="*", default=[0.35, 0.2, 0.0])
    parser.add_argument("--tasks", nargs="*", choices=["grocery", "ikea"], default=[])
    given = parser.parse_args()

    settings = load_settings()
    weights = WeightStore.from_settings(settings)
    encoder = CompactEncoder(weights, settings.device, settings.precision)
    segmenter = build_mobile_segmenter(settings, weights)
    grounder = build_compact_grounder(settings, encoder, segmenter)
    for name, read in (("grocery", grocery), ("ikea", ikea)):
        if name in (given.tasks or ["grocery", "ikea"]):
            run(
                read(given.data, given.queries, given.shelf),
                encoder,
                grounder,
                settings,
                given.tau,
            )


if __name__ == "__main__":
    main()
