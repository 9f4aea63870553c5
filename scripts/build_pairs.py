"""Build the pairs that the compact text tower is trained on, and the evaluation sets.

Needs the Debian packages openclipart-png, openclipart-svg, fonts-noto-color-emoji,
unicode-cldr-core and wordnet-base, all unpacked into one folder (``apt-get download NAME``,
``dpkg -x FILE FOLDER``), the folders of the catalogue sets, and the image tower's own int8 file
(``clip_encoder.int8.onnx`` in the wheel that the weight registry names), which ONNX Runtime runs.
Vectors are kept in shards: a second call goes on where the first one was stopped, and every
beginning is a sample of the whole. About 40 texts and 14 pictures per second on two quiet cores.

    python scripts/build_pairs.py texts --packages DIR --data DIR --demo DIR --onnx FILE --out DIR
    python scripts/build_pairs.py photos …
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.embedding.preprocess import prepare_squares
from core.embedding.written import SIDE
from core.training.corpus import catalog_photos
from core.training.corpus.clipart import clipart
from core.training.corpus.emoji import emoji
from core.training.corpus.lexicon import FILES, read_lexicon
from core.training.corpus.listings import captions, glosses, listings, mixed, shuffled
from core.training.corpus.phrases import phrases
from core.training.corpus.reader import FONTS, Reader
from core.training.corpus.record import TitledPicture, bucket
from core.training.pairs import Pairs, write_pairs

SHARD = 256
Vectors = npt.NDArray[np.float32]

#: Share of a source's pictures that are looked at, in eighths; all where it is not named. Many of
#: these pictures have one text.
EIGHTHS = {"clothing": 1, "grocery_photos": 2, "ikea": 2, "emoji": 6}


def main() -> None:
    """Write the pairs of texts or of photos."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("texts", "photos"))
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--demo", type=Path, required=True)
    parser.add_argument("--onnx", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fashion", type=int, default=5000, help="most myntra training photos")
    parser.add_argument("--limit", type=int, default=60_000, help="most texts or pictures")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    reader = Reader(options.onnx, options.threads)
    if options.what == "texts":
        write_pairs(text_pairs(options, reader), options.out / "texts.parquet")
    else:
        write_pairs(photo_pairs(options, reader), options.out / "photo.parquet")


def text_pairs(options: argparse.Namespace, reader: Reader) -> Pairs:
    """Pair texts with what the image tower sees where they are written, centred per font."""
    chosen = texts(options)
    fonts = [bucket(text, len(FONTS)) for text in chosen]

    def encode(part: Sequence[tuple[str, Path]]) -> Vectors:
        return reader.read([text for text, _ in part], [font for _, font in part])

    written = [(text, FONTS[font]) for text, font in zip(chosen, fonts, strict=True)]
    vectors = in_shards(written, encode, options.out / "shards" / "texts")
    vectors = same_mean(vectors, np.array(fonts))
    return Pairs(
        keys=[f"text:{text}" for text in chosen],
        sources=np.full(len(chosen), "texts"),
        domains=np.full(len(chosen), "rendered"),
        groups=np.array(chosen),
        splits=np.array(["val" if bucket("v" + text, 40) == 0 else "train" for text in chosen]),
        texts=[[text] for text in chosen],
        vectors=vectors,
    )


def texts(options: argparse.Namespace) -> list[str]:
    """Choose queries, captions and titles; none of a picture that is held out."""
    rng = random.Random(7)  # noqa: S311
    path = options.data / "myntra_60x80.parquet"
    items = pd.read_parquet(path, columns=["title", "article_type"])
    kinds = sorted({kind.lower() for kind in items.article_type})
    titles = [
        title
        for title in dict.fromkeys(items.title.str.strip())
        if bucket("m" + title.lower(), 12) != 0
    ]
    lexicon = read_lexicon(options.packages)
    drawn = chain(emoji(options.packages), clipart(options.packages))
    pictured = [text for picture in drawn if picture.split == "train" for text in picture.texts]
    sources = [
        (listings(), 9),
        (shuffled(phrases(lexicon, kinds), rng), 5),
        (captions(lexicon, rng), 5),
        (shuffled(titles, rng), 4),
        (shuffled(pictured, rng), 3),
        (shuffled(glosses(options.packages, FILES), rng), 1),
    ]
    return [text[:110] for text in mixed(sources, options.limit, rng)]


def same_mean(vectors: Vectors, fonts: npt.NDArray[np.int_]) -> Vectors:
    """Move the vectors of each font so that their mean is that of all."""
    moved = vectors.copy()
    for font in np.unique(fonts):
        own = fonts == font
        moved[own] += vectors.mean(axis=0) - vectors[own].mean(axis=0)
    normed: Vectors = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return normed


def photo_pairs(options: argparse.Namespace, reader: Reader) -> Pairs:
    """Pair pictures with their texts; what is held out comes first, the others in random order."""
    chosen = sorted(
        (p for p in pictures(options) if bucket("e" + p.key, 8) < EIGHTHS.get(p.source, 8)),
        key=lambda picture: (picture.split == "train", bucket(picture.key, 10**9)),
    )[: options.limit]

    def encode(part: Sequence[TitledPicture]) -> Vectors:
        return reader.look(prepare_squares([picture.load() for picture in part], SIDE))

    return Pairs(
        keys=[picture.key for picture in chosen],
        sources=np.array([picture.source for picture in chosen]),
        domains=np.full(len(chosen), "photo"),
        groups=np.array([picture.group for picture in chosen]),
        splits=np.array([picture.split for picture in chosen]),
        texts=[list(picture.texts) for picture in chosen],
        vectors=in_shards(chosen, encode, options.out / "shards" / "photo"),
    )


def pictures(options: argparse.Namespace) -> Iterator[TitledPicture]:
    """Yield all titled pictures, those of the evaluation first."""
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
    """Encode items in shards on disk, so that a killed run goes on."""
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
