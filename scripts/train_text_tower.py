"""Train the text tower of search: see its card, ``data/towers/text/README.md``.

Starts from the tower of the grounder and needs what ``build_pairs.py`` wrote. On two quiet cores it
takes ten minutes.

    python scripts/train_text_tower.py --pairs DIR/texts.parquet DIR/photo.parquet
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.embedding.text_tower import TextTower
from core.settings import SHIPPED
from core.training.distillation import Distillation, distil
from core.training.pairs import read_pairs


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, nargs=2, required=True)
    parser.add_argument("--start", type=Path, default=SHIPPED / "towers" / "grounding")
    parser.add_argument("--out", type=Path, default=SHIPPED / "towers" / "text")
    parser.add_argument("--photo", type=float, default=Distillation().photo)
    parser.add_argument("--rendered", type=float, default=Distillation().rendered)
    options = parser.parse_args()
    settings = Distillation(photo=options.photo, rendered=options.rendered)
    tower = distil(TextTower.load(options.start), read_pairs(options.pairs), settings)
    tower.save(options.out, options.start / "tokenizer.json")
    print(f"{options.out}: fingerprint {tower.fingerprint}")


if __name__ == "__main__":
    main()
