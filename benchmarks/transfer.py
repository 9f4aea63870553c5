"""Does what an adapter and the text tower learn on some catalogues help on ones never seen?

``python -m benchmarks.transfer --learn DIR:NAME … --pool DIR:NAME …``: fine-tunes as ``train NAME``
does on indexed catalogues (whose licences would allow to ship the result), and measures title → own
photo on the others, before and after, by the ``clip`` engine's vectors.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from core.app.adapter_training import DEFAULTS
from core.app.catalog_pairs import catalog_pairs
from core.app.studio import Studio
from core.base.significance import interval, paired_p
from core.embedding.adapter import ImageAdapter
from core.embedding.text_tower import TextTower
from core.settings import load_settings
from core.training.metrics import Retrieval, ranks
from core.training.pairs import Pairs
from core.training.text_trainer import TextTrainer


def main() -> None:
    """Train once, print a line per pool, before and after."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learn", required=True, action="append")
    parser.add_argument("--pool", required=True, action="append")
    options = parser.parse_args()
    learnt = [pairs_of(name) for name in options.learn]
    learn, tower_folder = joined([pairs for pairs, _ in learnt]), learnt[0][1]
    print(f"{len(learn)} pairs of {', '.join(options.learn)}", flush=True)
    pools = {name: pairs_of(name)[0] for name in options.pool}
    tower, adapter = TextTower.load(tower_folder), ImageAdapter(learn.vectors.shape[1])
    before = {name: photo_ranks(pairs, tower, None) for name, pairs in pools.items()}
    with tempfile.TemporaryDirectory() as folder:
        trainer = TextTrainer(tower, learn, DEFAULTS, Path(folder), print, adapter)
        tower = trainer.run()
    adapter.eval()
    for name, pairs in pools.items():
        after = photo_ranks(pairs, tower, adapter)
        first, second = (1 / (rank + 1.0) for rank in (before[name], after))
        print(Retrieval.of(before[name]).line(f"{name} before"))
        print(Retrieval.of(after).line(f"{name} after"))
        print(f"MRR {interval(first)} → {interval(second)}, p = {paired_p(first, second):.3g}")


def pairs_of(place: str) -> tuple[Pairs, Path]:
    """The pairs of ``DIR:NAME`` and where the text tower is."""
    folder, _, name = place.rpartition(":")
    studio = Studio(load_settings(data_dir=Path(folder)))
    pairs = catalog_pairs(studio._library.get(name), studio._models.engine("clip"))
    return pairs, studio._models.weights.path("text-tower")


def joined(several: list[Pairs]) -> Pairs:
    """The pairs of all; ids may be equal in two catalogues."""
    arrays = {
        name: np.concatenate([getattr(pairs, name) for pairs in several])
        for name in ("sources", "domains", "groups", "splits", "vectors")
    }
    keys = [f"{pairs.sources[0]}/{key}" for pairs in several for key in pairs.keys]
    return Pairs(keys=keys, texts=[text for pairs in several for text in pairs.texts], **arrays)


def photo_ranks(pairs: Pairs, tower: TextTower, adapter: ImageAdapter | None) -> np.ndarray:
    """Rank of each title's own photo in the whole pool."""
    images = pairs.vectors if adapter is None else adapter.apply_to(pairs.vectors)
    return ranks(tower.encode(pairs.titles()), images, pairs.groups)


if __name__ == "__main__":
    main()
