"""Build the pairs that the compact text tower is trained on, and the evaluation sets.

Needs the Debian packages openclipart-png, openclipart-svg, fonts-noto-color-emoji,
unicode-cldr-core and wordnet-base, all unpacked into one folder (``apt-get download NAME``,
``dpkg -x FILE FOLDER``), and the folders of the catalogue sets. Vectors are kept in shards: a
second call goes on where the first one was stopped. About 20 phrases and 6 photos per
second on two cores.

    python scripts/build_pairs.py --packages DIR --data DIR --demo DIR --out DIR
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.embedding.compact import CompactEncoder
from core.settings import load_settings
from core.training.corpus import catalog_photos
from core.training.corpus.clipart import clipart
from core.training.corpus.emoji import emoji
from core.training.corpus.lexicon import read_lexicon
from core.training.corpus.phrases import phrases, variants
from core.training.corpus.record import TitledPicture
from core.training.corpus.rendered import encode_strips, strip_width
from core.training.pairs import Pairs, write_pairs
from core.weights import WeightStore

SHARD = 256
Vectors = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--demo", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fashion", type=int, default=5000, help="most myntra training photos")
    parser.add_argument("--phrases", type=int, default=20_000, help="most rendered phrases")
    options = parser.parse_args()
    encoder = CompactEncoder(WeightStore.from_settings(load_settings()))
    write_pairs(rendered_pairs(options, encoder), options.out / "rendered.parquet")
    write_pairs(photo_pairs(options, encoder), options.out / "photo.parquet")


def rendered_pairs(options: argparse.Namespace, encoder: CompactEncoder) -> Pairs:
    path = options.data / "myntra_60x80.parquet"
    kinds = pd.read_parquet(path, columns=["article_type"]).article_type
    names = sorted({kind.lower() for kind in kinds})
    chosen = phrases(read_lexicon(options.packages), names)[: options.phrases]

    def encode(part: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(part), encoder.dim), np.float32)
        widths = np.array([strip_width(phrase) for phrase in part])
        for width in np.unique(widths):
            rows = np.flatnonzero(widths == width)
            vectors[rows] = encode_strips(encoder.visual, [part[i] for i in rows], int(width))
        return vectors

    vectors = in_shards(chosen, encode, options.out / "shards" / "rendered")
    count = len(chosen)
    return Pairs(
        keys=[f"word:{phrase}" for phrase in chosen],
        sources=np.full(count, "words"),
        domains=np.full(count, "rendered"),
        groups=np.array(chosen),
        splits=np.full(count, "train"),
        texts=[list(variants(phrase)) for phrase in chosen],
        vectors=vectors,
    )


def photo_pairs(options: argparse.Namespace, encoder: CompactEncoder) -> Pairs:
    found = list(pictures(options))

    def encode(part: Sequence[TitledPicture]) -> Vectors:
        return encoder.encode_images([picture.load() for picture in part], batch_size=16)

    return Pairs(
        keys=[picture.key for picture in found],
        sources=np.array([picture.source for picture in found]),
        domains=np.full(len(found), "photo"),
        groups=np.array([picture.group for picture in found]),
        splits=np.array([picture.split for picture in found]),
        texts=[list(picture.texts) for picture in found],
        vectors=in_shards(found, encode, options.out / "shards" / "photo"),
    )


def pictures(options: argparse.Namespace) -> Iterator[TitledPicture]:
    return chain(
        catalog_photos.evaluation(options.data),
        catalog_photos.fashion(options.data, options.fashion),
        catalog_photos.demo(options.demo),
        catalog_photos.groceries(options.data),
        catalog_photos.clothing(options.data),
        emoji(options.packages),
        clipart(options.packages),
    )


def in_shards(items: Sequence, encode: Callable[[Sequence], Vectors], folder: Path) -> Vectors:
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for start in tqdm(range(0, len(items), SHARD), desc=folder.name):
        path = folder / f"{start:06d}.npy"
        if not path.exists():
            partial = path.with_suffix(".part.npy")
            np.save(partial, encode(items[start : start + SHARD]).astype(np.float16))
            partial.replace(path)
        shards.append(np.load(path).astype(np.float32))
    return np.concatenate(shards)


if __name__ == "__main__":
    main()
