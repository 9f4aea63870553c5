"""Train the network from a multilingual sentence encoder to the text tower's space.

It learns from English texts, and from names of emoji in fourteen languages whose goal is that of
the English name. A goal is, in equal parts, the text tower's direction from its mean and the image
tower's direction for the written English text.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from core.embedding.query_language import LANGUAGES
from core.embedding.word_bridge import WordBridge
from core.ports.encoder import Vectors

_FOLDER = "usr/share/unicode/cldr/common"
#: Modifiers of skin colours; emoji with one, or joined ones, are left out.
_SKINS = range(0x1F3FB, 0x1F400)
_JOINER = "\u200d"
#: Inverse temperature.
_SHARPNESS = 30.0
#: Weight of the distance to the goal beside the contrast with the batch's other goals.
_DISTANCE, _CONTRAST = 3.0, 0.5


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a bridge is trained.

    Attributes:
        epochs: Times through the texts.
        batch: Texts per step.
        lr: Peak learning rate of AdamW.
        drop: Share of the inputs and of the hidden values that are left out.
        seed: Start of the random numbers.
    """

    epochs: int = 9
    batch: int = 512
    lr: float = 2e-3
    drop: float = 0.15
    seed: int = 0


def emoji_names(packages: Path) -> Iterator[tuple[str, str, str]]:
    """Yield language, English name and name, from Debian's ``unicode-cldr-core``.

    Args:
        packages: Where the package was unpacked.
    """
    english = _names(packages, "en")
    for language in LANGUAGES:
        if language == "en":
            continue
        for character, name in _names(packages, language).items():
            single = not any(ord(part) in _SKINS or part == _JOINER for part in character)
            if single and character in english and name != "↑↑↑":
                yield language, english[character], name


def _names(packages: Path, language: str) -> dict[str, str]:
    names: dict[str, str] = {}
    for folder in ("annotations", "annotationsDerived"):
        path = packages / _FOLDER / folder / f"{language}.xml"
        for entry in ET.parse(path).iter("annotation"):  # noqa: S314
            if entry.get("type") == "tts" and entry.text:
                names[entry.get("cp", "")] = entry.text
    return names


def train_bridge(vectors: Vectors, goals: Vectors, recipe: Recipe) -> WordBridge:
    """Train on the sentence encoder's vectors ``[n, d]`` and their goals, both L2-normalised."""
    torch.manual_seed(recipe.seed)
    bridge = WordBridge(vectors.shape[1], goals.shape[1])
    given, wanted = torch.from_numpy(vectors), torch.from_numpy(goals)
    steps = recipe.epochs * max(1, len(given) // recipe.batch)
    optimizer = torch.optim.AdamW(bridge.parameters(), lr=recipe.lr, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.lr, total_steps=steps, pct_start=0.1
    )
    average = {name: value.clone() for name, value in bridge.named_parameters()}
    for step in range(steps):
        rows = torch.randint(0, len(given), (recipe.batch,))
        goal = wanted[rows]
        seen = bridge(given[rows], recipe.drop)
        scores = _SHARPNESS * seen @ goal.T
        same = (goal @ goal.T > 0.999) & ~torch.eye(len(rows), dtype=torch.bool)
        contrast = cross_entropy(scores.masked_fill(same, -1e4), torch.arange(len(rows)))
        loss = _DISTANCE * (1 - (seen * goal).sum(-1)).mean() + _CONTRAST * contrast
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        keep = min(0.995, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, value in bridge.named_parameters():
                average[name].lerp_(value, 1 - keep)
    with torch.no_grad():
        for name, value in bridge.named_parameters():
            value.copy_(average[name])
    return bridge.eval()


def directions(vectors: Vectors, mean: Vectors) -> Vectors:
    """Return the directions of vectors from a mean, L2-normalised."""
    apart = vectors - mean
    unit: Vectors = (apart / np.linalg.norm(apart, axis=1, keepdims=True)).astype(np.float32)
    return unit
