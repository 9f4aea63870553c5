"""Train the network behind ``data/towers/words``: other languages for the compact engines.

Needs Debian's ``unicode-cldr-core`` unpacked, what ``build_pairs.py texts`` wrote, and the image
tower's int8 file (see there). On two quiet cores it takes ten minutes.

    python scripts/train_word_bridge.py --packages DIR --pairs texts.parquet --onnx FILE
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.embedding.sentence_encoder import SentenceEncoder
from core.embedding.text_tower import TextTower
from core.settings import SHIPPED, load_settings
from core.training.corpus.reader import FONTS, Reader
from core.training.pairs import read_pairs
from core.training.word_bridge_training import Recipe, directions, emoji_names, train_bridge
from core.weights import WeightStore

#: Texts whose written pictures give the image tower's mean.
WRITTEN = 240


def main() -> None:
    """Train the bridge and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True)
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--onnx", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=8192, help="most English texts")
    parser.add_argument("--out", type=Path, default=SHIPPED / "towers" / "words")
    options = parser.parse_args()
    weights = WeightStore.from_settings(load_settings())
    sentences = SentenceEncoder(weights.path("words-multilingual"))
    tower, reader = TextTower.load(weights.path("text-tower")), Reader(options.onnx)
    pairs = read_pairs([options.pairs]).take(np.arange(options.texts))
    texts, said = pairs.titles(), tower.encode(pairs.titles())
    mean, zero = said.mean(axis=0), np.zeros(said.shape[1], np.float32)
    text_goals = directions(said, mean) + directions(pairs.vectors, pairs.vectors.mean(axis=0))
    named = list(emoji_names(options.packages))
    english = sorted({name for _, name, _ in named})
    place = {name: row for row, name in enumerate(english)}
    seen = reader.read(english, [FONTS[0]] * len(english))
    both = directions(tower.encode(english), mean) + directions(seen, seen.mean(axis=0))
    goals = directions(both, zero)
    own, others = sentences.encode(english), sentences.encode([name for *_, name in named])
    rows = [place[name] for _, name, _ in named]
    given = np.concatenate([sentences.encode(texts), own, own, others])
    wanted = np.concatenate([directions(text_goals, zero), goals, goals, goals[rows]])
    bridge = train_bridge(given, wanted, Recipe())
    written = reader.read(texts[:WRITTEN], [FONTS[0]] * WRITTEN)
    bridge.mean.copy_(torch.from_numpy(mean))
    bridge.spread.fill_(float(np.linalg.norm(said - mean, axis=1).mean()))
    bridge.written_mean.copy_(torch.from_numpy(written.mean(axis=0)))
    bridge.save(options.out)


if __name__ == "__main__":
    main()
