"""Locked-image tuning of the text tower: the image side is frozen and stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.base.unit_rows import unit_rows
from core.embedding.adapter import ImageAdapter
from core.embedding.text_tower import TextTower
from core.training.batches import REWRITE, Batches, Draw
from core.training.learner import CompactText, Learner, StoredImages
from core.training.metrics import Retrieval, retrieval
from core.training.pairs import Pairs
from core.training.training_loop import Loop, OnStep, Training


@dataclass(frozen=True, slots=True)
class TextTraining(Training):
    """Settings of one run, beside those of every training; here the backbone's last layer gets
    ``lr``, projection and adapter ``lr_head``.

    Attributes:
        lr_decay: Factor on the learning rate per layer below the last.
        photo: Passes through the photo pairs per epoch.
        rendered: Passes through the rendered words per epoch.
        name: Chance of putting an invented name before a text.
        single_source: Share of batches from one source.
        max_tokens: Longer texts are cut in training.
    """

    epochs: int = 6
    batch: int = 512
    lr: float = 1.5e-4
    lr_head: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.08
    ema: float = 0.98
    drop: float = 0.1
    patience: int = 2
    bf16: bool = True
    lr_decay: float = 0.85
    photo: float = 1.0
    rendered: float = 1.0
    name: float = 0.0
    single_source: float = 0.3
    max_tokens: int = 24


class TextTrainer:
    """Trains a tower on pairs; a killed run can be resumed.

    Args:
        tower: Starts from its present weights, which are changed.
        pairs: With splits ``train`` and ``val``.
        settings: See ``TextTraining``.
        folder: Where state and log are kept.
        say: Called with lines of text about the progress.
        adapter: Trained along with the tower, behind the frozen image vectors.
        on_step: Called with the numbers of finished and of all steps; returns true to stop.
    """

    def __init__(
        self,
        tower: TextTower,
        pairs: Pairs,
        settings: TextTraining,
        folder: Path,
        say: Callable[[str], None] = print,
        adapter: ImageAdapter | None = None,
        on_step: OnStep = lambda done, total: False,
    ) -> None:
        self._tower, self._adapter, self._texts = tower, adapter, settings.texts
        train = pairs.take(pairs.splits == "train")
        self._val = pairs.take(pairs.splits == "val")
        batches = Batches(
            centred(train, _centres(train)),
            settings.batch,
            {"photo": settings.photo, "rendered": settings.rendered},
            Draw(settings.title, settings.drop, settings.name, settings.texts),
            settings.single_source,
            settings.seed,
        )
        text = CompactText(tower, settings.max_tokens, settings.lr_decay)
        names = [str(name) for name in np.unique(train.domains)]
        learner = Learner(StoredImages(adapter), text, names, bf16=settings.bf16)
        self._loop = Loop(learner, batches, self._validate, settings, folder, say, on_step=on_step)

    def run(self) -> TextTower:
        """Train to the end, or until validation no longer improves; return the best averaged
        tower."""
        self._loop.run()
        return self._tower.eval()

    def validate(self) -> Retrieval:
        """Title (or rewrite) → picture on the validation split, with the averaged weights."""
        return self._loop.validate()

    def _validate(self) -> Retrieval:
        images = self._val.vectors
        if self._adapter is not None:
            images = self._adapter.apply_to(images)
        reads = self._val.rewrites() if self._texts == REWRITE else self._val.titles()
        return retrieval(self._tower.encode(reads), images)


def centred(pairs: Pairs, centres: dict[str, np.ndarray]) -> Pairs:
    """Move vectors of rendered words so that their mean is the photos' mean.

    CLIP's image tower reads: the picture of a word lies where photos of the thing lie, plus what
    all pictures of words share, which this takes away.
    """
    vectors = pairs.vectors.copy()
    if "rendered" in centres and "photo" in centres:
        rows = pairs.domains == "rendered"
        vectors[rows] += centres["photo"] - centres["rendered"]
        vectors[rows] = unit_rows(vectors[rows])
    return replace(pairs, vectors=vectors)


def _centres(pairs: Pairs) -> dict[str, np.ndarray]:
    names = np.unique(pairs.domains)
    return {str(name): pairs.vectors[pairs.domains == name].mean(axis=0) for name in names}
