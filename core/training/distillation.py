"""Teach the text tower what the image tower reads where a text is written as a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.embedding.text_tower import TextTower
from core.training.batches import Batch, Batches, Draw, ahead
from core.training.learner import CompactText
from core.training.losses import MaskedClipLoss
from core.training.pairs import Pairs
from core.training.schedule import warmup_cosine
from core.training.text_trainer import centred

#: Photos that each written text is compared with in one step.
BANK = 2048
#: Factors on the cosines of the teacher, and of the student and the contrastive losses at first.
_TEACHER, _STUDENT = 25.0, 60.0


@dataclass(frozen=True, slots=True)
class Distillation:
    """Settings of one run.

    Attributes:
        photo: Passes through the photos.
        rendered: Passes through the written texts.
        batch: Pairs per step.
        lr: Peak learning rate of the last layer.
        lr_head: Peak learning rate of the projection.
        contrast: Weight of the contrastive loss of written texts.
        distance: Weight of their cosine distance.
        ema: Decay of the averaged weights.
        kept: Share of the new weights in the result; the rest are those it started from. Such a
            mean keeps what the start did well on other pictures (Wortsman et al. 2022).
        seed: Start of all random numbers.
    """

    photo: float = 6.7
    rendered: float = 1.5
    batch: int = 384
    lr: float = 1.5e-4
    lr_head: float = 5e-4
    contrast: float = 0.3
    distance: float = 5.0
    ema: float = 0.98
    kept: float = 0.4
    seed: int = 0


def distil(
    tower: TextTower, pairs: Pairs, settings: Distillation, say: Callable[[str], None] = print
) -> TextTower:
    """Train a tower on photos and on written texts, then average it with what it was.

    A photo's pair adds a contrastive loss. A written text adds the cross-entropy between how the
    image tower and the text tower rank a sample of photos, beside a contrastive loss and a
    distance.

    Args:
        tower: Starts from its present weights, which are changed.
        pairs: Domains ``photo`` and ``rendered``; the split ``train`` is learnt from.
        settings: See ``Distillation``.
        say: Gets a line of progress now and then.
    """
    torch.manual_seed(settings.seed)
    train = pairs.take(pairs.splits == "train")
    photos = train.vectors[train.domains == "photo"]
    lesson = _Lesson(tower, torch.from_numpy(photos), settings)
    means = {d: train.vectors[train.domains == d].mean(axis=0) for d in ("photo", "rendered")}
    repeats = {"photo": settings.photo, "rendered": settings.rendered}
    batches = Batches(
        centred(train, means), settings.batch, repeats, Draw(), single_source=0, seed=settings.seed
    )
    before = {name: value.clone() for name, value in tower.state_dict().items()}
    lesson.learn(batches, say)
    with torch.no_grad():
        for name, value in tower.state_dict().items():
            value.copy_(torch.lerp(before[name], value, settings.kept))
    return tower.eval()


class _Lesson:
    """The losses of one run and its optimizer."""

    def __init__(self, tower: TextTower, photos: Tensor, settings: Distillation) -> None:
        self._settings, self._photos = settings, photos
        self._mean = photos.mean(dim=0)
        self._centred = normalize(photos - self._mean, dim=-1)
        self._side = CompactText(tower, max_tokens=32, decay=0.9)
        self._contrast = MaskedClipLoss()
        first = float(np.log(_STUDENT))
        self._scales = nn.ParameterDict(
            {name: nn.Parameter(torch.tensor(first)) for name in ("photo", "rendered", "bank")}
        )
        groups = self._side.groups(settings.lr, settings.lr_head)
        scales = {"params": list(self._scales.parameters()), "peak": 1e-3, "weight_decay": 0.0}
        self._optimizer = torch.optim.AdamW(
            [*groups, scales], lr=0.0, betas=(0.9, 0.98), weight_decay=0.02
        )
        average = get_ema_multi_avg_fn(settings.ema)
        self._averaged = AveragedModel(self._side, multi_avg_fn=average)

    def learn(self, batches: Batches, say: Callable[[str], None]) -> None:
        """Go through the batches once; the tower gets the averaged weights."""
        total, losses = len(batches), []
        for step, batch in enumerate(ahead(batches.epoch(0))):
            factor = warmup_cosine(step, total, max(1, total * 8 // 100))
            for group in self._optimizer.param_groups:
                group["lr"] = group["peak"] * factor
            self._side.set_dropout(True)
            self._optimizer.zero_grad(set_to_none=True)
            loss = self._loss(batch)
            loss.backward()
            nn.utils.clip_grad_norm_(self._side.parameters(), 1.0)
            self._optimizer.step()
            self._averaged.update_parameters(self._side)
            losses.append(float(loss.detach()))
            if (step + 1) % 20 == 0:
                say(f"step {step + 1}/{total} loss {np.mean(losses[-20:]):.3f}")
        self._side.load_state_dict(self._averaged.module.state_dict())

    def _loss(self, batch: Batch) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            vectors = self._side(batch.texts)
        vectors, goals = vectors.float(), batch.vectors.float()
        contrast = cast(
            "Tensor", self._contrast(goals, vectors, self._scale(batch.domain), batch.same)
        )
        if batch.domain == "photo":
            return contrast
        distance = 1 - (vectors * goals).sum(dim=-1).mean()
        weights = self._settings
        ranking = self._ranking(vectors, goals)
        total: Tensor = ranking + weights.contrast * contrast + weights.distance * distance
        return total

    def _ranking(self, vectors: Tensor, goals: Tensor) -> Tensor:
        """Compare how teacher and student rank a sample of the photos."""
        rows = torch.randint(0, len(self._photos), (BANK,))
        teacher = normalize(goals - self._mean, dim=-1) @ self._centred[rows].T
        student = self._scale("bank") * vectors @ self._photos[rows].T
        loss: Tensor = cross_entropy(student, (_TEACHER * teacher).softmax(dim=-1))
        return loss

    def _scale(self, name: str) -> Tensor:
        scale: Tensor = self._scales[name].exp().clamp(max=100)
        return scale
