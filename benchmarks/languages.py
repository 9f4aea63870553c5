"""Measure HITS@5 of captions in fifteen languages → the picture, relative to English.

    python -m benchmarks.languages STAMPS [--written]

``STAMPS`` is the folder ``usr/share/tuxpaint/stamps`` of Debian's ``tuxpaint-stamps-default`` (GPL,
for evaluation only), unpacked; ``symbols`` and ``seasonal`` are left out. Each caption is read as a
query is: its language is found. A second line gives it the language. ``--written`` also writes
English captions as pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from core.embedding.compact import CompactEncoder
from core.embedding.multilingual import MultilingualEncoder
from core.ports.encoder import Vectors
from core.settings import load_settings
from core.weights import WeightStore

#: Names of the languages in the captions' files.
LANGUAGES = ("de", "fr", "es", "it", "pt", "nl", "pl", "ru", "tr", "ar", "zh_CN", "ja", "ko", "th")
_LEFT_OUT = ("symbols", "seasonal")


def stamps(folder: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield picture and captions by language."""
    for path in sorted(folder.rglob("*.txt")):
        picture, lines = path.with_suffix(".png"), path.read_text("utf-8", "replace").splitlines()
        if path.relative_to(folder).parts[0] in _LEFT_OUT or not picture.exists() or not lines:
            continue
        pairs = (line.partition("=") for line in lines[1:])
        others = {name.removesuffix(".utf8"): text.strip() for name, _, text in pairs}
        yield picture, {"en": lines[0].strip(), **{k: v for k, v in others.items() if v}}


def hits(queries: Vectors, pictures: Vectors, own: list[int]) -> float:
    """Return the share of queries whose own picture is among the first five."""
    scores = queries @ pictures.T
    better = scores > scores[np.arange(len(own)), own][:, None]
    return float((better.sum(axis=1) < 5).mean())


def main() -> None:
    """Print HITS@5."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stamps", type=Path)
    parser.add_argument("--written", action="store_true")
    parser.add_argument("--vectors", type=Path, help="keeps the pictures' vectors here (.npy)")
    options = parser.parse_args()
    weights = WeightStore.from_settings(load_settings())
    encoder = MultilingualEncoder(CompactEncoder(weights), weights, options.written)
    files = list(stamps(options.stamps))
    if options.vectors and options.vectors.exists():
        pictures = np.load(options.vectors)
    else:
        parts = [files[at : at + 16] for at in range(0, len(files), 16)]
        opened = ([Image.open(path) for path, _ in part] for part in parts)
        pictures = np.concatenate([encoder.encode_images(images) for images in opened])
        if options.vectors:
            np.save(options.vectors, pictures)

    def measure(name: str, language: str) -> float:
        own = [row for row, (_, captions) in enumerate(files) if name in captions]
        texts = [files[row][1][name] for row in own]
        queries = encoder.encode_queries(texts, language)
        return hits(queries, pictures, own)

    print(f"{len(files)} pictures, chance {5 / len(files):.3f}")
    for kind in ("found", "given"):
        given = {name: name[:2] if kind == "given" else "" for name in ("en", *LANGUAGES)}
        rates = {name: measure(name, language) for name, language in given.items()}
        mean = float(np.mean([rates[name] for name in LANGUAGES]))
        line = " ".join(f"{name} {rate:.3f}" for name, rate in rates.items())
        print(f"language {kind}: {line}; mean of others {mean:.3f}, ÷ en {mean / rates['en']:.2f}")


if __name__ == "__main__":
    main()
