"""A tiny tower learns from written texts how pictures rank."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from core.training.distillation import Distillation, distil
from core.training.pairs import Pairs
from tests.core.training.test_text_trainer import COLOURS, THINGS, make_tower

SETTINGS = Distillation(photo=20, rendered=40, batch=20, lr=3e-3, lr_head=1e-2, ema=0.5, kept=1.0)


def pairs() -> Pairs:
    """Return photos of half of the things, and all of them written, each around its own mean."""
    rng = np.random.default_rng(0)
    parts = {word: rng.normal(size=16) for word in COLOURS + THINGS}
    names = [f"{colour} {thing}" for colour in COLOURS for thing in THINGS]
    looks = np.array([sum(parts[word] for word in name.split()) for name in names])
    photos, written = looks + 2 * rng.normal(size=16), looks - 2 * rng.normal(size=16)
    vectors = np.concatenate([photos, written])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    seen = ["train" if row % 2 else "test" for row in range(20)]
    keys = [f"{kind} {name}" for kind in ("photo", "text") for name in names]
    return Pairs(
        keys=keys,
        sources=np.repeat(["shop", "texts"], 20),
        domains=np.repeat(["photo", "rendered"], 20),
        groups=np.array(keys),
        splits=np.array([*seen, *["train"] * 20]),
        texts=[[name] for name in names * 2],
        vectors=vectors.astype(np.float32),
    )


def hits(tower, given: Pairs) -> float:
    """Share of the held-out names whose own photo comes first among all photos."""
    held = [row for row in range(20) if given.splits[row] == "test"]
    scores = tower.encode([given.texts[row][0] for row in held]) @ given.vectors[:20].T
    return float((scores.argmax(axis=1) == held).mean())


def test_written_texts_teach_what_no_photo_showed() -> None:
    given, tower = pairs(), make_tower()
    assert hits(tower, given) < 0.3
    assert hits(distil(tower, given, SETTINGS, say=lambda line: None), given) > 0.7


def test_the_result_is_a_mean_of_before_and_after() -> None:
    given, start = pairs(), make_tower()
    short = replace(SETTINGS, photo=1, rendered=1)
    new = distil(make_tower(), given, short, say=lambda line: None)
    half = distil(make_tower(), given, replace(short, kept=0.5), say=lambda line: None)
    name = "projection.linear.weight"
    before, after, mean = (tower.state_dict()[name] for tower in (start, new, half))
    torch.testing.assert_close(mean, (before + after) / 2, atol=1e-4, rtol=0)
    assert not torch.allclose(before, after)
