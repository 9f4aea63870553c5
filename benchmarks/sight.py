"""Calibrate what the towers see: temperature and thresholds on one half, precision on the other.

    python -m benchmarks.sight FILE.parquet:COLUMN … [--limit N] [--write]

FILE has photos in a column ``image`` and colours in COLUMN; photos alike (``photo_md5``) stay on
one side. Only rows whose column names one colour count. ``--write`` puts the figures chosen on the
first half into ``data/vocabularies/sight.toml``.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.metrics import log_loss

from core.embedding.encoder import Vectors
from core.language.sight import Sight
from core.language.vocabulary import Vocabulary
from core.models import ModelRoom
from core.settings import SHIPPED, load_settings

FILE = SHIPPED / "vocabularies" / "sight.toml"

#: A colour is stated only where it is right this often, in so many cases at least.
PRECISION, CASES = 0.9, 8
SCALES = (25, 50, 75, 100, 150, 200)


def right(words: Vocabulary, names: tuple[str, ...], truth: list[str]) -> np.ndarray:
    """Which colour fits which row: ``[n, colours] bool``; shades count as their colour."""
    return np.array([[words.same_family(name, one) for name in names] for one in truth])


def choose_scale(cosines: Vectors, fits: np.ndarray) -> float:
    """The temperature with the least log loss of "the best colour fits"."""

    def loss(scale: float) -> float:
        odds = softmax(scale * cosines)
        best = odds.argmax(axis=1)
        rows = np.arange(len(odds))
        return float(log_loss(fits[rows, best], odds[rows, best], labels=[False, True]))

    return min(SCALES, key=loss)


def choose_least(odds: Vectors, fits: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """The lowest threshold per colour at which it is right often enough."""
    best, found = odds.argmax(axis=1), {}
    for number, name in enumerate(names):
        mine = best == number
        for least in np.arange(0.5, 0.96, 0.05):
            chosen = mine & (odds[:, number] >= least)
            if chosen.sum() >= CASES and fits[chosen, number].mean() >= PRECISION:
                found[name] = round(float(least), 2)
                break
    return found


def softmax(logits: Vectors) -> Vectors:
    """Rows to probabilities."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def told(title: str, odds: Vectors, fits: np.ndarray, names: tuple[str, ...], least: dict) -> None:
    """Print share stated and precision, with and without the thresholds."""
    best, rows = odds.argmax(axis=1), np.arange(len(odds))
    limits = np.array([least.get(name, 9.0) for name in names])
    stated = odds[rows, best] >= limits[best]
    good = fits[rows, best]
    sure = f"{good[stated].mean():.3f}" if stated.any() else "—"
    print(f"{title}: {len(odds)} photos; best colour right {good.mean():.3f}; ", end="")
    print(f"stated {stated.mean():.3f}, of these right {sure}")


def read(place: str, limit: int, words: Vocabulary) -> pd.DataFrame:
    """Rows of ``FILE:COLUMN`` with one known colour, which goes into a column ``truth``."""
    file, _, column = place.rpartition(":")
    table = pd.read_parquet(file)
    table = table.sample(min(limit, len(table)), random_state=1)
    named = [words.colours.names(str(value)) for value in table[column]]
    table = table[[len(one) == 1 for one in named]]
    return table.assign(truth=[one[0] for one in named if len(one) == 1], name=Path(file).stem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="+", metavar="FILE:COLUMN")
    parser.add_argument("--limit", type=int, default=600)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    words = Vocabulary(SHIPPED / "vocabularies")
    table = pd.concat([read(place, given.limit, words) for place in given.places])
    encoder = ModelRoom(load_settings()).encoders.compact
    sight = Sight(encoder, FILE)
    photos = encoder.encode_images(
        [Image.open(io.BytesIO(data)).convert("RGB") for data in table["image"]]
    )
    fits, cosines = right(words, sight.names, list(table["truth"])), sight.cosines(photos)
    first = np.array([int(one[:8], 16) % 2 == 0 for one in table["photo_md5"]])
    scale = choose_scale(cosines[first], fits[first])
    odds = softmax(scale * cosines)
    least = choose_least(odds[first], fits[first], sight.names)
    print(f"chosen on the first halves: scale {scale}, thresholds {least}")
    shipped = sight.probabilities(photos)
    for name in dict.fromkeys(table["name"]):
        here = np.array(table["name"] == name)
        told(f"{name}, first half", odds[here & first], fits[here & first], sight.names, least)
        told(f"{name}, second half", odds[here & ~first], fits[here & ~first], sight.names, least)
        told(f"{name}, whole, shipped", shipped[here], fits[here], sight.names, sight.least)
    if given.write:
        write(scale, sight.names, least)


def write(scale: float, names: tuple[str, ...], least: dict[str, float]) -> None:
    """Ship the chosen figures."""
    head = FILE.read_text(encoding="utf-8").split("\nscale", 1)[0]
    listed = ", ".join(f'"{name}"' for name in names)
    rows = "\n".join(f'"{name}" = {value}' for name, value in least.items())
    text = f"{head}\nscale = {scale}\ncolours = [{listed}]\n\n[least]\n{rows}\n"
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
