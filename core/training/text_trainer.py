"""Locked-image tuning of the text tower: the image side is frozen and stored."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from core.embedding.adapter import ImageAdapter
from core.embedding.text_tower import TextTower, pad
from core.training.batches import Batch, Batches, Draw
from core.training.losses import masked_clip_loss
from core.training.metrics import Retrieval, retrieval
from core.training.pairs import Pairs
from core.training.schedule import warmup_cosine


@dataclass(frozen=True, slots=True)
class TextTraining:
    """Settings of one run.

    Attributes:
        epochs: Times through the pairs, as counted by ``rendered`` and ``photo``.
        batch: Pictures per step.
        lr: Learning rate of the backbone's last layer.
        lr_decay: Factor per layer below it.
        lr_head: Learning rate of projection and temperature.
        weight_decay: AdamW's.
        warmup: Share of all steps.
        ema: Decay of the averaged weights, which are the result.
        photo: Passes through the photo pairs per epoch.
        rendered: Passes through the rendered words per epoch.
        title: Chance that a step takes a picture's first text.
        drop: Chance of leaving out a word.
        name: Chance of putting an invented name before a text.
        single_source: Share of batches from one source.
        max_tokens: Longer texts are cut in training.
        patience: Epochs without a better validation recall before it stops.
        bf16: Whether matrices are multiplied in bfloat16.
        seed: Start of all random numbers.
    """

    epochs: int = 6
    batch: int = 512
    lr: float = 1.5e-4
    lr_decay: float = 0.85
    lr_head: float = 1e-3
    weight_decay: float = 0.05
    warmup: float = 0.08
    ema: float = 0.98
    photo: float = 1.0
    rendered: float = 1.0
    title: float = 0.4
    drop: float = 0.1
    name: float = 0.0
    single_source: float = 0.3
    max_tokens: int = 24
    patience: int = 2
    bf16: bool = True
    seed: int = 0


class TextTrainer:
    """Trains a tower on pairs; can be stopped between epochs and goes on where it was.

    Args:
        tower: Starts from its present weights, which are changed.
        pairs: With splits ``train`` and ``val``.
        settings: See ``TextTraining``.
        folder: Where state and log are kept.
        say: Gets a line of progress now and then.
        adapter: Trained along with the tower, behind the frozen image vectors.
    """

    def __init__(
        self,
        tower: TextTower,
        pairs: Pairs,
        settings: TextTraining,
        folder: Path,
        say: Callable[[str], None] = print,
        adapter: ImageAdapter | None = None,
    ) -> None:
        torch.manual_seed(settings.seed)
        self._adapter = adapter
        self._tower, self._settings, self._folder, self._say = tower, settings, folder, say
        folder.mkdir(parents=True, exist_ok=True)
        train = pairs.take(pairs.splits == "train")
        self._val = pairs.take(pairs.splits == "val")
        self._centres = _centres(train)
        self._batches = Batches(
            centred(train, self._centres),
            settings.batch,
            {"photo": settings.photo, "rendered": settings.rendered},
            Draw(settings.title, settings.drop, settings.name),
            settings.single_source,
            settings.seed,
        )
        tower.requires_grad_(True)
        # Words that training never shows keep their place among those it does show.
        tower.backbone.embeddings.requires_grad_(False)
        names = np.unique(train.domains)
        self._scales = nn.ParameterDict(
            {str(name): nn.Parameter(torch.tensor(math.log(40.0))) for name in names}
        )
        self._optimizer = torch.optim.AdamW(self._parameter_groups(), betas=(0.9, 0.98))
        self._total = len(self._batches) * settings.epochs
        average = get_ema_multi_avg_fn(settings.ema)
        self._averaged = AveragedModel(self._weights(), multi_avg_fn=average)
        self._step = self._epoch = self._worse = 0
        self._best = -1.0

    def run(self) -> TextTower:
        """Train to the end, or until validation no longer gains; gives the best averaged tower."""
        self._resume()
        while self._epoch < self._settings.epochs and self._worse < self._settings.patience:
            started = time.monotonic()
            loss = self._run_epoch()
            self._epoch += 1
            found = self.validate()
            self._worse = 0 if found.hits5 > self._best else self._worse + 1
            if found.hits5 > self._best:
                self._best = found.hits5
                torch.save(self._averaged.module.state_dict(), self._folder / "best.pt")
            self._store()
            self._log(loss, found, time.monotonic() - started)
        best = torch.load(self._folder / "best.pt", weights_only=True)
        self._weights().load_state_dict(best)
        return self._tower.eval()

    def validate(self) -> Retrieval:
        """Title → picture on the validation split, with the averaged weights."""
        module = self._weights()
        kept = {name: value.clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self._averaged.module.state_dict())
        self._tower.eval()
        images = self._val.vectors
        if self._adapter is not None:
            images = self._adapter.apply_to(images)
        found = retrieval(self._tower.encode(self._val.titles()), images)
        module.load_state_dict(kept)
        return found

    def _run_epoch(self) -> float:
        self._tower.train()
        losses = []
        started, seen = time.monotonic(), 0
        for batch in self._batches.epoch(self._epoch):
            losses.append(self._train_step(batch))
            seen += len(batch.texts)
            if self._step % 20 == 0:
                pace = seen / (time.monotonic() - started)
                mean = np.mean(losses[-20:])
                self._say(f"step {self._step}/{self._total} loss {mean:.3f} {pace:.0f} texts/s")
        return float(np.mean(losses))

    def _train_step(self, batch: Batch) -> float:
        factor = warmup_cosine(
            self._step, self._total, max(1, round(self._total * self._settings.warmup))
        )
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        with torch.autocast("cpu", torch.bfloat16, enabled=self._settings.bf16):
            text = self._encode(batch.texts)
        scale = self._scales[batch.domain].exp().clamp(max=100)
        image = batch.vectors if self._adapter is None else self._adapter(batch.vectors)
        loss = masked_clip_loss(image, text.float(), scale, batch.same)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._weights().parameters(), 1.0)
        self._optimizer.step()
        self._averaged.update_parameters(self._weights())
        self._step += 1
        return float(loss.detach())

    def _encode(self, texts: Sequence[str], buckets: int = 4) -> Tensor:
        """Embed a batch in pieces of alike length: little padding, and still one batch."""
        ids = [row[: self._settings.max_tokens] for row in self._tower.tokenize(texts)]
        order = np.argsort([len(row) for row in ids], kind="stable")
        pieces = [
            self._tower(*pad([ids[i] for i in piece]))
            for piece in np.array_split(order, min(buckets, len(order)))
        ]
        return torch.cat(pieces)[torch.from_numpy(np.argsort(order))]

    def _weights(self) -> _Weights:
        return _Weights(self._tower, self._adapter)

    def _parameter_groups(self) -> list[dict[str, object]]:
        settings, layers = self._settings, self._tower.backbone.encoder.layer
        groups: list[dict[str, object]] = [
            {"params": list(self._tower.projection.parameters()), "peak": settings.lr_head},
            {"params": list(self._scales.values()), "peak": settings.lr_head, "weight_decay": 0.0},
        ]
        if self._adapter is not None:
            groups.append({"params": list(self._adapter.parameters()), "peak": settings.lr_head})
        for depth, layer in enumerate(reversed(layers)):
            peak = settings.lr * settings.lr_decay**depth
            groups.append({"params": list(layer.parameters()), "peak": peak})
        for group in groups:
            group.setdefault("weight_decay", settings.weight_decay)
        return groups

    def _store(self) -> None:
        """Everything that going on needs; written beside and then moved into place."""
        state = {
            "tower": self._weights().state_dict(),
            "averaged": self._averaged.state_dict(),
            "scales": self._scales.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "progress": [self._step, self._epoch, self._worse, self._best],
            "settings": asdict(self._settings),
        }
        partial = self._folder / "state.pt.part"
        torch.save(state, partial)
        partial.replace(self._folder / "state.pt")

    def _resume(self) -> None:
        path = self._folder / "state.pt"
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        if state["settings"] != asdict(self._settings):
            self._say(f"{path} belongs to other settings: starting from the beginning")
            return
        self._weights().load_state_dict(state["tower"])
        self._averaged.load_state_dict(state["averaged"])
        self._scales.load_state_dict(state["scales"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._step, self._epoch, self._worse, self._best = state["progress"]
        self._say(f"going on after epoch {self._epoch}")

    def _log(self, loss: float, found: Retrieval, seconds: float) -> None:
        scales = {
            name: round(float(value.detach().exp()), 1) for name, value in self._scales.items()
        }
        row = {
            "epoch": self._epoch,
            "step": self._step,
            "loss": round(loss, 4),
            "seconds": round(seconds, 1),
            "scales": scales,
            "validation": asdict(found),
        }
        with (self._folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")
        self._say(f"epoch {self._epoch} loss {loss:.3f} {found.line('validation')} {scales}")


def centred(pairs: Pairs, centres: dict[str, np.ndarray]) -> Pairs:
    """Rendered words moved so that their mean is the photos' mean.

    CLIP's image tower reads: the picture of a word lies where photos of the thing lie, plus what
    all pictures of words share, which this takes away.
    """
    vectors = pairs.vectors.copy()
    if "rendered" in centres and "photo" in centres:
        rows = pairs.domains == "rendered"
        vectors[rows] += centres["photo"] - centres["rendered"]
        vectors[rows] /= np.linalg.norm(vectors[rows], axis=1, keepdims=True)
    return Pairs(
        pairs.keys, pairs.sources, pairs.domains, pairs.groups, pairs.splits, pairs.texts, vectors
    )


def _centres(pairs: Pairs) -> dict[str, np.ndarray]:
    names = np.unique(pairs.domains)
    return {str(name): pairs.vectors[pairs.domains == name].mean(axis=0) for name in names}


class _Weights(nn.Module):
    """The trained part of a tower, which shares its tensors: what is averaged and stored."""

    def __init__(self, tower: TextTower, adapter: ImageAdapter | None) -> None:
        super().__init__()
        self.encoder = tower.backbone.encoder
        self.projection = tower.projection
        if adapter is not None:
            self.adapter = adapter
