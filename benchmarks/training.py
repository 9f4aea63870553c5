"""Is training as fast as its towers, and does its memory stay flat?

``python -m benchmarks.training``: the compact towers on made-up pictures and texts, text tower and
last image block unlocked. Times the loop's steps (reading, tokenising, loss, optimiser, averages)
and, in turn with them, the bare forward and backward pass of the same batch; the ratio of medians
is printed, and the resident memory after every epoch.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from core.app.tower_training import COMPACT_TUNING
from core.embedding.device import resolve_dtype
from core.settings import load_settings
from core.training.batches import Batch, Batches, Draw, ahead
from core.training.features import read_features, write_features
from core.training.learner import Learner
from core.training.metrics import Retrieval
from core.training.pairs import Pairs
from core.training.towers import CompactPair
from core.training.training_loop import Loop
from core.weights import WeightStore

WORDS = ("red", "blue", "oak", "steel", "round", "small", "chair", "lamp", "shelf", "of", "and")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=512)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    settings = load_settings()
    bf16 = resolve_dtype(settings.precision, torch.device("cpu")) == torch.bfloat16
    towers = CompactPair(WeightStore.from_settings(settings), 1, None, 24)
    with tempfile.TemporaryDirectory() as folder:
        pairs = made_up(options.pairs, towers, Path(folder), bf16)
        learner = Learner(towers.image, towers.text, bf16=bf16)
        batches = Batches(pairs, options.batch, {}, Draw(), 0.0)
        none = Retrieval(1, 0.0, 0.0, 0.0, 0.0)
        loop = Loop(
            learner, batches, lambda: none, COMPACT_TUNING, Path(folder) / "run", lambda line: None
        )
        learner.set_dropout(True)
        whole, bare = [], []
        for epoch in range(options.epochs):
            started = time.perf_counter()
            for batch in ahead(batches.epoch(epoch)):
                loop._train_step(batch)
                done = time.perf_counter()
                # From the end of the last batch: waiting for the next one counts as well.
                whole.append(len(batch.texts) / (done - started))
                bare.append(pace(learner, loop, batch))
                started = time.perf_counter()
            print(f"epoch {epoch + 1}: {resident():.0f} MiB resident", flush=True)
    first, second = float(np.median(whole[2:])), float(np.median(bare[2:]))
    print(f"training {first:.1f} pairs/s, bare forward and backward {second:.1f} pairs/s")
    print(f"ratio {first / second:.3f} over {len(whole) - 2} steps of {options.batch}")
    print(platform.processor() or platform.machine())


def pace(learner: Learner, loop: Loop, batch: Batch) -> float:
    """Pairs per second of forward and backward alone, on a batch that is at hand."""
    started = time.perf_counter()
    output = learner(batch.domain, batch.vectors, batch.texts)
    loop._loss(*output, batch.same).backward()
    return len(batch.texts) / (time.perf_counter() - started)


def made_up(count: int, towers: CompactPair, folder: Path, bf16: bool) -> Pairs:
    """Pictures of noise and texts of random words, their features in a mapped file."""
    rng = np.random.default_rng(0)
    pictures = (Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)) for _ in range(count))
    path = folder / "features.npy"
    write_features(pictures, count, towers.image, path, bf16, print)
    return Pairs(
        keys=[str(i) for i in range(count)],
        sources=np.full(count, "made-up"),
        domains=np.full(count, "photo"),
        groups=np.array([str(i) for i in range(count)]),
        splits=np.full(count, "train"),
        texts=[[" ".join(rng.choice(WORDS, 8))] for _ in range(count)],
        vectors=read_features(path)[0],
    )


def resident() -> float:
    """Resident memory of this process without mapped files, MiB (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1024
    return float("nan")


if __name__ == "__main__":
    main()
