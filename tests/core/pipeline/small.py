"""Small deterministic models for tests of the machinery: real protocols, no weights, no claims.

They stand in for models, never for our own code; what they return is decided by their input alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from core.catalog.ingest import ingest
from core.domain import (
    Box,
    Detection,
    Engine,
    Grounding,
    ImageView,
    Item,
    Mask,
    Rewrite,
    Round,
    TextView,
)
from core.pipeline.indexer import RowSource
from core.ports.engines import EngineModel, IndexingModels
from core.ports.grounder import DRAWN
from core.settings import Settings
from core.store.image_store import ImageStore

DIM = 32


class HashingEncoder:
    """An encoder: pictures by mean colours on a 4 x 4 grid, each word by a hashed direction."""

    def __init__(self, name: str = "hashing") -> None:
        self.fingerprint = hashlib.sha256(name.encode()).hexdigest()
        self.dim = DIM
        self.pictures = 0
        self.refuse = ""

    def encode_images(self, images: Sequence[Image.Image], batch_size: int = 32) -> np.ndarray:
        return self.encode_prepared(self.prepare(images))

    def prepare(self, images: Sequence[Image.Image]) -> np.ndarray:
        small = [np.asarray(image.resize((4, 4), Image.Resampling.BOX)) for image in images]
        return np.stack(small)

    def encode_prepared(self, batch: np.ndarray) -> np.ndarray:
        self.pictures += len(batch)
        pixels = batch.reshape(len(batch), -1).astype(np.float32) / 255 - 0.5
        mixing = np.random.default_rng(7).normal(size=(pixels.shape[1], DIM)).astype(np.float32)
        return _normalised(np.stack([row @ mixing for row in pixels]) + 1e-3)

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        if self.refuse and any(self.refuse in text for text in texts):
            raise RuntimeError(f"can't read {self.refuse}")
        return _normalised(np.stack([self._words(text) for text in texts]))

    def _words(self, text: str) -> np.ndarray:
        total = np.full(DIM, 1e-3, np.float32)
        for word in text.lower().split():
            seed = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)
            total += np.random.default_rng(seed).normal(size=DIM).astype(np.float32)
        return total


class MiddleGrounder:
    """A grounder that finds every product in the middle half of the photo."""

    name = "middle"
    fingerprint = "middle-1"

    def __init__(self, threshold: float = 0.35) -> None:
        self.threshold = threshold
        self.calls = 0

    def ground(self, image: Image.Image, prompt: str) -> Grounding:
        self.calls += 1
        if "cursed" in prompt:
            raise RuntimeError("the model gave up on this photo")
        width, height = image.size
        box = Box(width // 4, height // 4, width * 3 // 4, height * 3 // 4)
        pixels = np.zeros((height, width), bool)
        pixels[box.top : box.bottom, box.left : box.right] = True
        best = Detection(prompt, 0.9, box, Mask.encode(pixels), 0.8)
        return Grounding(prompt, width, height, (best,), 0.35, self.name, self.fingerprint)

    def find(self, image: Image.Image, phrase: str) -> Grounding:
        """Return two detections: the upper left quarter, and the middle with a lower score."""
        width, height = image.size
        corner = Detection(phrase, 0.7, Box(0, 0, width // 2, height // 2))
        middle = replace(self.ground(image, phrase).detections[0], score=0.2)
        detections = (corner, middle)
        return Grounding(phrase, width, height, detections, 0.35, self.name, self.fingerprint)

    def outline(self, image: Image.Image, box: Box) -> Detection:
        return Detection(DRAWN, 1.0, box)

    @property
    def has_heat_maps(self) -> bool:
        return False

    def heatmap(self, image: Image.Image, prompt: str) -> None:
        return None


class PlainRewriter:
    """A rewriter that joins product type and title."""

    name = "plain"
    fingerprint = "plain-1"
    towers = ""

    def rewrite(
        self,
        item: Item,
        photo: Image.Image | None,
        grounding: Grounding | None = None,
        vector: np.ndarray | None = None,
    ) -> Rewrite:
        text = f"a {item.product_type} called {item.title}"
        return Rewrite(text, (Round(text, 4.0, "short", ("nothing",), stop=True),), "plain", "p-1")


@dataclass
class Bench:
    """The small models, which count their calls."""

    encoder: HashingEncoder
    grounder: MiddleGrounder
    models: IndexingModels


def bench(name: str = "hashing", weight: float = 0.25) -> Bench:
    encoder, grounder = HashingEncoder(name), MiddleGrounder()
    whole = Engine("clip", "CLIP", "", ImageView.PHOTO, TextView.TITLE, weight, {})
    cut = Engine("vl-clip", "VL-CLIP", "", ImageView.CROP, TextView.REWRITE, weight, {})
    engines = (EngineModel(whole, encoder), EngineModel(cut, encoder))
    return Bench(encoder, grounder, IndexingModels(engines, grounder, PlainRewriter()))


COLOURS = ["red", "green", "blue", "yellow", "purple", "orange", "cyan", "brown", "pink", "olive"]
KINDS = ["chair", "table", "lamp", "sofa", "mug"]


def write_catalog(folder: Path, count: int) -> Path:
    """Write a CSV of ``count`` items and their distinct pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["item_id,title,product_type,department,description,image"]
    for number in range(count):
        colour, kind = COLOURS[number % 10], KINDS[number // 10 % 5]
        rng = np.random.default_rng(number)
        noise = rng.integers(0, 255, (6, 6, 3)).astype(np.uint8)
        picture = Image.fromarray(noise).resize((96, 72), Image.Resampling.NEAREST)
        picture.paste(colour, (30, 20, 66, 52))
        picture.save(folder / f"{number:03}.png")
        department = "home" if number % 3 else "garden"
        lines.append(
            f"id-{number:03},{colour} {kind} {number},{kind},{department},"
            f"A {kind} in {colour}.,{number:03}.png"
        )
    path = folder / "items.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of(path: Path, photos: ImageStore) -> RowSource:
    settings = Settings(threads=1)
    return lambda stored: ingest(path, store=photos, settings=settings, known_rows=stored)


def _normalised(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
