"""``python -m core.training.text_cli``: train the compact text tower from a file of pairs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from core.embedding.text_tower import TextTower
from core.embedding.tower_files import TowerConfig
from core.errors import StudioError
from core.training.pairs import read_pairs
from core.training.text_trainer import TextTrainer, TextTraining


def main(arguments: Sequence[str] | None = None) -> int:
    """Train and save; 0, or 2 with a sentence on stderr."""
    parser = _parser()
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    chosen = {
        field.name: getattr(options, field.name)
        for field in fields(TextTraining)
        if getattr(options, field.name) is not None
    }
    try:
        pairs = read_pairs(options.pairs)
        torch.manual_seed(options.seed or 0)
        if options.start:
            tower = TextTower.load(options.start)
        else:
            tower = TextTower.from_backbone(options.backbone, TowerConfig(hidden=options.hidden))
        settings = TextTraining(**chosen)
        tower = TextTrainer(tower, pairs, settings, options.run).run()
        tokenizer = (options.start or options.backbone) / "tokenizer.json"
        tower.save(options.out, tokenizer)
    except StudioError as error:
        parser.exit(2, f"{error}\n")
    print(f"{options.out}: fingerprint {tower.fingerprint}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, nargs="+", required=True, help="Parquet files")
    parser.add_argument("--backbone", type=Path, help="folder of MiniLM, to start from")
    parser.add_argument("--start", type=Path, help="folder of a tower, to start from instead")
    parser.add_argument("--out", type=Path, required=True, help="folder of the trained tower")
    parser.add_argument("--run", type=Path, required=True, help="folder of state and log")
    parser.add_argument("--hidden", type=int, default=0, help="width of the GELU branch")
    parser.add_argument("--threads", type=int, default=1)
    for field in fields(TextTraining):
        kind: Any = {"int": int, "float": float, "bool": _flag}[str(field.type)]
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=kind, dest=field.name)
    return parser


def _flag(text: str) -> bool:
    return text.lower() in ("1", "true", "yes", "on")


if __name__ == "__main__":
    raise SystemExit(main())
