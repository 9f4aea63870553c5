"""The training loop: steps, schedule, averages, validation, early stopping, resuming.

A run's trajectory depends on its settings and seed only: its state is written whole (weights,
optimiser, random numbers, place in the epoch, log), so a run that is killed at any moment goes on
as if it had not been.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.base.atomic import atomic_write, replacing
from core.errors import TrainingStopped
from core.training.batches import MIXED, Batch, EpochBatches
from core.training.learner import Learner
from core.training.metrics import Retrieval
from core.training.schedule import warmup_cosine
from core.training.team import ALONE, Team

#: Called with the numbers of finished and of all steps; returns true to stop.
OnStep = Callable[[int, int], bool]

#: Files of a run's folder.
LOG, STATE, BEST = "log.jsonl", "state.pt", "best.pt"


@dataclass(frozen=True, slots=True)
class Training:
    """Settings of one run.

    Attributes:
        epochs: Times through the pairs, at most.
        batch: Pictures per step, over all processes.
        accumulate: Pieces that a batch is embedded in; the loss is that of the whole batch.
        lr: Peak learning rate of the text tower's layers.
        lr_image: Peak learning rate of the image tower's layers.
        lr_head: Peak learning rate of what starts from nothing, and of the temperature.
        weight_decay: AdamW's.
        warmup: Share of all steps.
        ema: Decay of the averaged weights, which are the result; 0 takes the last ones.
        texts: Which of a picture's texts a step takes: ``title``, ``rewrite`` or ``mixed``.
        title: Of mixed texts, the chance that a step takes the first.
        drop: Chance of leaving out a word.
        patience: Epochs without a better validation recall before it stops.
        bf16: Whether matrices are multiplied in bfloat16.
        save_every: Steps between two states within an epoch.
        seed: Start of all random numbers.
    """

    epochs: int = 10
    batch: int = 128
    accumulate: int = 1
    lr: float = 1e-5
    lr_image: float = 1e-5
    lr_head: float = 1e-4
    weight_decay: float = 0.01
    warmup: float = 0.05
    ema: float = 0.0
    texts: str = MIXED
    title: float = 0.4
    drop: float = 0.0
    patience: int = 3
    bf16: bool = False
    save_every: int = 500
    seed: int = 0


@dataclass(slots=True)
class _Progress:
    """Progress of a run."""

    step: int = 0
    epoch: int = 0
    worse: int = 0
    best: float = -1.0
    losses: list[float] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)


class Loop:
    """Trains a learner; a killed run can be resumed.

    Args:
        learner: Starts from its present weights, which are changed.
        batches: Training batches.
        validate: Text → picture on held-out pairs, with the learner's present weights; called in
            every process, with the same result.
        settings: See ``Training``.
        folder: Where state and log are kept.
        say: Called with lines of text about the progress.
        team: The processes that train together.
        on_step: See ``OnStep``; called in every process; one result of true stops all.
    """

    def __init__(
        self,
        learner: Learner,
        batches: EpochBatches,
        validate: Callable[[], Retrieval],
        settings: Training,
        folder: Path,
        say: Callable[[str], None] = print,
        team: Team = ALONE,
        on_step: OnStep = lambda done, total: False,
    ) -> None:
        self._on_step = on_step
        self._learner, self._batches, self._validate = learner.to(team.device), batches, validate
        self._settings, self._folder, self._team = settings, folder, team
        self._say = say if team.first else lambda line: None
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed + team.rank)
        self._weights = learner.trained()
        rates = (settings.lr_image, settings.lr, settings.lr_head)
        groups = learner.groups(*rates, settings.weight_decay)
        self._optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
        self._averaged = (
            AveragedModel(self._weights, multi_avg_fn=get_ema_multi_avg_fn(settings.ema))
            if settings.ema
            else None
        )
        self._loss = team.loss()
        self._model: nn.Module = learner
        if team.size > 1:
            self._model = DistributedDataParallel(learner)
        self._total = len(batches) * settings.epochs
        self._at = _Progress()

    def run(self) -> None:
        """Train to the end, or until validation no longer improves; the learner keeps the best
        weights.

        Raises:
            TrainingStopped: A stop was requested; the next run resumes after the last step.
        """
        self._resume()
        at, settings = self._at, self._settings
        while at.epoch < settings.epochs and at.worse < settings.patience:
            started = time.monotonic()
            self._run_epoch()
            at.epoch += 1
            retrieval = self.validate()
            better = retrieval.hits5 > at.best
            at.worse = 0 if better else at.worse + 1
            if better:
                at.best = retrieval.hits5
                if self._team.first:
                    _write(self._result(), self._folder / BEST)
            line = self._note(retrieval, time.monotonic() - started)
            at.losses = []
            self._store()
            self._say(line)
        self._load(self._stored(BEST))

    def validate(self) -> Retrieval:
        """Return text → picture on held-out pairs, with the averaged weights."""
        kept = {name: value.detach().clone() for name, value in self._weights.items()}
        self._load(self._result())
        self._learner.set_dropout(False)
        retrieval = self._validate()
        self._load(kept)
        return retrieval

    def _run_epoch(self) -> None:
        self._learner.set_dropout(True)
        at, started, seen = self._at, time.monotonic(), 0
        # With several steps to go on from, the first batches are drawn but not looked at.
        for batch in self._batches.ahead(at.epoch, skip=len(at.losses)):
            at.losses.append(self._train_step(batch))
            seen += len(batch.same)
            if at.step % 20 == 0:
                pace = seen / (time.monotonic() - started)
                mean = np.mean(at.losses[-20:])
                self._say(f"step {at.step}/{self._total} loss {mean:.3f} {pace:.0f} pairs/s")
            stopping = any(self._team.collect(self._on_step(at.step, self._total)))
            if stopping or at.step % self._settings.save_every == 0:
                self._store()
            if stopping:
                raise TrainingStopped

    def _train_step(self, batch: Batch) -> float:
        at, settings = self._at, self._settings
        warmup = max(1, round(self._total * settings.warmup))
        factor = warmup_cosine(at.step, self._total, warmup)
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        self._optimizer.zero_grad(set_to_none=True)
        loss = self.backward(batch)
        nn.utils.clip_grad_norm_(self._weights.parameters(), 1.0)
        self._optimizer.step()
        if self._averaged is not None:
            self._averaged.update_parameters(self._weights)
        at.step += 1
        return float(np.mean(self._team.collect(float(loss))))

    def backward(self, batch: Batch) -> Tensor:
        """Compute a batch's gradients and return its loss."""
        same = batch.same.to(self._team.device)
        pieces = batch.pieces(self._settings.accumulate)
        if len(pieces) > 1:
            return self._cached(pieces, same)
        loss: Tensor = self._loss(*self._model(batch.domain, batch.vectors, batch.texts), same)
        loss.backward()
        return loss.detach()

    def _cached(self, pieces: list[Batch], same: Tensor) -> Tensor:
        """Compute the gradients of the whole batch's loss with one piece in memory at a time.

        GradCache (Gao et al. 2021): embed all pieces without gradients, take the loss's gradients
        at the vectors, then embed each piece again, with the same dropout, and pass them on.
        """
        states, images, texts = [], [], []
        with torch.no_grad():
            for piece in pieces:
                states.append(_random())
                image, text, scale = self._learner(piece.domain, piece.vectors, piece.texts)
                images.append(image)
                texts.append(text)
        image, text = torch.cat(images).requires_grad_(), torch.cat(texts).requires_grad_()
        scale = scale.detach().requires_grad_()
        loss: Tensor = self._loss(image, text, scale, same)
        loss.backward()
        assert image.grad is not None and text.grad is not None and scale.grad is not None  # noqa: S101, PT018
        sizes = [len(piece.texts) for piece in pieces]
        gradients = zip(torch.split(image.grad, sizes), torch.split(text.grad, sizes), strict=True)
        for number, (piece, state, (by_image, by_text)) in enumerate(
            zip(pieces, states, gradients, strict=True)
        ):
            _be_random(state)
            last = number == len(pieces) - 1
            quiet = isinstance(self._model, DistributedDataParallel) and not last
            with self._model.no_sync() if quiet else nullcontext():  # type: ignore[operator]
                out = self._model(piece.domain, piece.vectors, piece.texts)
                passed = (out.image * by_image).sum() + (out.text * by_text).sum()
                # Once: the temperature's gradient is that of the whole batch already.
                passed = passed + out.scale * (scale.grad if last else 0.0)
                passed.backward()
        return loss.detach()

    def _result(self) -> dict[str, Tensor]:
        weights: Any = self._weights if self._averaged is None else self._averaged.module
        return {name: value.detach().clone() for name, value in weights.items()}

    @torch.no_grad()
    def _load(self, weights: dict[str, Tensor]) -> None:
        for name, value in self._weights.items():
            value.copy_(weights[name])

    def _store(self) -> None:
        """Write everything that resuming needs."""
        random = self._team.collect(_random())
        if not self._team.first:
            return
        state = {
            "weights": {name: value.detach() for name, value in self._weights.items()},
            "averaged": self._averaged.state_dict() if self._averaged is not None else {},
            "scales": self._learner.scales.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "progress": asdict(self._at),
            "random": random,
            "settings": asdict(self._settings),
        }
        _write(state, self._folder / STATE)
        self._write_log()

    def _resume(self) -> None:
        path, state = self._folder / STATE, self._stored(STATE)
        if state is None:
            return
        if state["settings"] != asdict(self._settings) or len(state["random"]) != self._team.size:
            self._say(f"{path} belongs to other settings: starting from the beginning")
            return
        self._load(state["weights"])
        if self._averaged is not None:
            self._averaged.load_state_dict(state["averaged"])
        self._learner.scales.load_state_dict(state["scales"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._at = _Progress(**state["progress"])
        _be_random(state["random"][self._team.rank])
        place = f" and {len(self._at.losses)} steps" if self._at.losses else ""
        self._say(f"going on after epoch {self._at.epoch}{place}")

    def _stored(self, name: str) -> Any:
        """Return what the first process has stored, on all: they may be on several machines."""
        path, state = self._folder / name, None
        if self._team.first and path.exists():
            state = torch.load(path, weights_only=True, map_location="cpu")
        return self._team.agree(state)

    def _note(self, retrieval: Retrieval, seconds: float) -> str:
        """Write the epoch to the log and return its line of text."""
        at = self._at
        scales = {
            name: round(float(value.detach().exp()), 1)
            for name, value in self._learner.scales.items()
        }
        loss = float(np.mean(at.losses))
        at.log.append(
            {
                "epoch": at.epoch,
                "step": at.step,
                "loss": round(loss, 4),
                "seconds": round(seconds, 1),
                "scales": scales,
                "validation": asdict(retrieval),
            }
        )
        return f"epoch {at.epoch} loss {loss:.3f} {retrieval.line('validation')} {scales}"

    def _write_log(self) -> None:
        lines = "".join(json.dumps(row) + "\n" for row in self._at.log)
        atomic_write(self._folder / LOG, lines)


def _write(state: dict[str, Any], path: Path) -> None:
    with replacing(path) as partial:
        torch.save(state, partial)


def _random() -> list[Tensor]:
    """Return the state of all generators that a step draws from."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return [torch.get_rng_state(), *cuda]


def _be_random(state: list[Tensor]) -> None:
    torch.set_rng_state(state[0])
    if torch.cuda.is_available() and len(state) > 1:
        torch.cuda.set_rng_state_all(state[1:])
