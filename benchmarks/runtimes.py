"""Compare the image tower in every runtime and number format with PyTorch in float32.

Speed: pictures per second ÷ those of PyTorch in float32, medians of interleaved rounds in one
process. Agreement: cosine to the float32 vectors. HITS@5: the share of titles whose own picture is
among the five nearest, with each runtime's vectors, on files with ``image`` and ``title``.

    python -m benchmarks.runtimes [FILE.parquet …] [--pictures 300] [--rounds 6] [--batch 8]
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import torch
from PIL import Image

from core.embedding.compact import CompactEncoder
from core.embedding.preprocess import prepare_grid, prepare_squares
from core.settings import SHIPPED, load_settings
from core.weights import WeightStore

#: Runtime and number format; the first is the baseline.
WAYS = (("torch", "float32"), ("torch", "bfloat16"), ("onnx", "float32"), ("onnx", "int8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--pictures", type=int, default=300, help="Per file.")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--batch", type=int, default=8)
    names = [f"{runtime} {precision}" for runtime, precision in WAYS]
    parser.add_argument("--ways", nargs="*", choices=names, default=names)
    given = parser.parse_args()
    print("python -m benchmarks.runtimes", *sys.argv[1:])
    print_machine()
    weights = WeightStore.from_settings(load_settings())
    encoders = {
        f"{runtime} {precision}": CompactEncoder(weights, "cpu", precision, runtime)
        for runtime, precision in WAYS
        if f"{runtime} {precision}" in given.ways
    }
    paths = sorted((SHIPPED / "demo" / "images").glob("*.jpg"))
    pictures = [Image.open(path) for path in paths[:: len(paths) // given.batch][: given.batch]]
    speed(encoders, pictures, given.rounds)
    for file in given.files:
        hits(encoders, file, given.pictures)


def print_machine() -> None:
    flags = ""
    if Path("/proc/cpuinfo").exists():
        names = Path("/proc/cpuinfo").read_text().split("flags", 1)[-1].splitlines()[0].split()
        kinds = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8")
        flags = " ".join(name for name in kinds if name in names)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {torch.get_num_threads()} threads, {flags}"
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}; load {load}\n")


def speed(
    encoders: dict[str, CompactEncoder], pictures: Sequence[Image.Image], rounds: int
) -> None:
    squares = prepare_squares(pictures, 224)
    wide = prepare_grid(pictures[0].resize((640, 480)), 448, 16)
    passes: dict[str, tuple[int, Callable[[CompactEncoder], np.ndarray]]] = {
        f"224 px, batch of {len(pictures)}": (len(pictures), lambda e: e.tower.pooled(squares)),
        "224 px, one": (1, lambda e: e.tower.pooled(squares[:1])),
        "448 × 336 px, patches": (1, lambda e: e.tower.patches(wide, "key")),
    }
    for title, (count, run) in passes.items():
        seconds: dict[str, list[float]] = {name: [] for name in encoders}
        results = {name: run(encoder) for name, encoder in encoders.items()}
        for _ in range(rounds):
            for name, encoder in encoders.items():
                started = time.perf_counter()
                run(encoder)
                seconds[name].append(time.perf_counter() - started)
        first, base = next(iter(results.values())), np.median(next(iter(seconds.values())))
        print(title)
        for name, taken in seconds.items():
            alike = (results[name] * first).sum(-1)
            ratio = base / np.median(taken)
            pace = count / np.median(taken)
            print(
                f"  {name:16s} {ratio:5.2f} × float32 ({pace:5.2f}/s)  "
                f"cosine mean {alike.mean():.4f}, least {alike.min():.4f}"
            )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load {load}\n", flush=True)


def hits(encoders: dict[str, CompactEncoder], file: Path, count: int) -> None:
    rows = pd.read_parquet(file, columns=["image", "title"]).drop_duplicates("title")
    rows = rows.iloc[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int)]
    pictures = [Image.open(io.BytesIO(data)).convert("RGB") for data in rows.image]
    texts = next(iter(encoders.values())).encode_texts(list(rows.title))
    print(f"{file.name}: {len(rows)} titles → their own picture")
    first = None
    for name, encoder in encoders.items():
        vectors = encoder.encode_images(pictures)
        first = vectors if first is None else first
        cosines = texts @ vectors.T
        ranks = (cosines > np.diag(cosines)[:, None]).sum(axis=1)
        alike = (vectors * first).sum(-1)
        print(
            f"  {name:16s} HITS@5 {np.mean(ranks < 5):.4f}  MRR {np.mean(1 / (1 + ranks)):.4f}  "
            f"cosine mean {alike.mean():.4f}, least {alike.min():.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
