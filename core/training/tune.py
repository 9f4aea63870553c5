"""Contrastive fine-tuning of an engine's own towers on pictures and texts."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from core.base.counts import counted
from core.base.significance import interval, paired_p
from core.domain import Engine, Score
from core.embedding.device import resolve_dtype
from core.errors import TrainingStopped
from core.ports.encoder import Vectors
from core.settings import Settings
from core.training.batches import REWRITE, TITLE
from core.training.curve import CURVE, write_curve
from core.training.features import read_features, write_features
from core.training.learner import Learner
from core.training.metrics import Retrieval, ranks
from core.training.pair_sources import Source
from core.training.sharded_pairs import TableSource, read_own_shards
from core.training.team import Team
from core.training.towers import TowerPair, Unlock, load_towers
from core.training.training_data import TrainingData, WholePairs
from core.training.training_loop import LOG, Loop, OnStep, Training
from core.weights import WeightStore


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a training: engine, unlocked blocks, options.

    Attributes:
        base: The engine that training starts from.
        unlock_image: Blocks of the image tower that are trained, from the last; ``None`` for all.
        unlock_text: … of the text tower.
        options: Settings of the run.
    """

    base: Engine
    unlock_image: Unlock = 0
    unlock_text: Unlock = None
    options: Training = Training()  # noqa: RUF009 (frozen)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Before and after on the pairs of the test split: text → its own picture among all of them.

    Attributes:
        before: The towers as they were.
        after: The towers after training.
        mrr: Their mean reciprocal ranks, with intervals over the texts.
        p: Of the difference; two-sided paired randomisation test.
        rewrites: The same for rewrites as texts; ``None`` where there are none.
    """

    before: Retrieval
    after: Retrieval
    mrr: tuple[Score, Score]
    p: float
    rewrites: Outcome | None = None

    def lines(self) -> list[str]:
        """Return the figures, and the verdict in words."""
        if self.rewrites is None:
            return self._own_lines()
        own = replace(self, rewrites=None)
        return ["Held-out titles:", *own.lines(), "Held-out rewrites:", *self.rewrites.lines()]

    def _own_lines(self) -> list[str]:
        first, second = (f"{s.value:.3f} [{s.low:.3f}, {s.high:.3f}]" for s in self.mrr)
        change = "better" if self.after.mrr > self.before.mrr else "worse"
        verdict = (
            f"{change}, and not by chance" if self.p < 0.05 else "the difference may be chance"
        )
        return [
            self.before.line("before"),
            self.after.line("after"),
            f"MRR with 95 % interval: before {first}, after {second}; p = {self.p:.3g}: {verdict}.",
        ]

    def card(self, source: str, plan: Plan) -> list[str]:
        """Return the paragraphs of the model card."""
        sides = {"image": plan.unlock_image, "text": plan.unlock_text}
        freed = ", ".join(
            f"{which} tower: "
            + (
                "whole"
                if n is None
                else "locked"
                if n == 0
                else "last block"
                if n == 1
                else f"last {n} blocks"
            )
            for which, n in sides.items()
        )
        return [
            f"Grown from `{plan.base.name}` on `{source}`; trained: {freed}. Measured on pairs of "
            "groups that training never saw, text → its own picture:",
            "\n".join(f"- {line}" for line in self.lines()),
            f"![Loss and validation recall]({CURVE})",
            f"Settings: `{plan.options}`",
            "The checkpoint inherits the licences of what it grew from and of the pairs.",
        ]


class Tuning:
    """One run over one source.

    Args:
        plan: What to train.
        source: Training pairs.
        settings: Device, number format, profile.
        weights: Where the towers come from.
        folder: Folder of features, state and log, until the run is deleted.
        say: Called with lines of text about the progress.
        team: The processes that train together.
        on_step: Called with the numbers of finished and of all steps; returns true to stop.
    """

    def __init__(
        self, plan: Plan, source: Source | TableSource, settings: Settings, weights: WeightStore,
        folder: Path, say: Callable[[str], None], team: Team, on_step: OnStep,
    ) -> None:  # fmt: skip
        self._folder, self._team, self._on_step = folder, team, on_step
        self._say = say if team.first else lambda line: None
        bf16 = resolve_dtype(settings.precision, team.device) == torch.bfloat16
        self._options = replace(plan.options, bf16=bf16)
        self.towers: TowerPair = load_towers(
            plan.base, settings, weights, plan.unlock_image, plan.unlock_text
        )
        self._learner = Learner(
            self.towers.image, self.towers.text, scale=self.towers.scale, bf16=bf16
        ).to(team.device)
        mark = f"{plan.unlock_image} {bf16}"
        self._data: TrainingData = (
            self._look(source, mark)
            if isinstance(source, Source)
            else read_own_shards(
                source, self.towers.image, folder,
                bf16=bf16, mark=f"{plan.base.towers} {mark}", settings=settings, team=team,
                say=self._looked,
            )
        )  # fmt: skip

    @property
    def scale(self) -> float:
        """Present inverse temperature."""
        return float(self._learner.scales["photo"].detach().exp().clamp(max=100))

    def run(self) -> Outcome:
        """Train, and measure before and after on the test split."""
        self._learner.set_dropout(False)
        before = self._tested()
        batches = self._data.batches(self._options)
        run = self._folder / "run"
        Loop(
            self._learner, batches, self._validate, self._options, run, self._say, self._team,
            self._on_step,
        ).run()  # fmt: skip
        self._learner.set_dropout(False)
        if self._team.first:
            write_curve(run / LOG, run / CURVE)
        titles, *others = map(_outcome, before, self._tested())
        return replace(titles, rewrites=others[0]) if others else titles

    def _tested(self) -> list[np.ndarray]:
        """Return the ranks for held-out titles, and for rewrites where the pairs have any."""
        kinds = [TITLE, REWRITE] if self._data.rewritten else [TITLE]
        return [self._ranks("test", kind) for kind in kinds]

    def save(self, folder: Path) -> None:
        """Write the towers, the log and its plot."""
        self.towers.save(folder, self.scale)
        for name in (LOG, CURVE):
            shutil.copyfile(self._folder / "run" / name, folder / name)

    def image_vectors(self) -> dict[str, Vectors]:
        """Return picture vectors of the trained towers, by key; of pairs in memory only."""
        assert isinstance(self._data, WholePairs)  # noqa: S101
        pairs = self._data.pairs
        rows = np.flatnonzero(pairs.splits != "")
        vectors = self._learner.image_vectors(pairs.vectors, rows)
        return {pairs.keys[row]: vector for row, vector in zip(rows, vectors, strict=True)}

    def _look(self, source: Source, mark: str) -> WholePairs:
        name = hashlib.sha256(f"{source.digest} {mark}".encode()).hexdigest()[:16]
        path = self._folder / f"features-{name}.npy"
        if self._team.first:
            count, image = len(source.pairs), self.towers.image
            bf16 = self._options.bf16
            write_features(source.pictures(), count, image, path, bf16, self._looked)
        self._team.agree(None)
        features, seen = read_features(path)
        if not seen.all():
            self._say(f"{counted(int((~seen).sum()), 'picture')} can't be read; left out")
        splits = np.where(seen, source.pairs.splits, "")
        pairs = replace(source.pairs, splits=splits, vectors=features)
        return WholePairs(pairs, source.rewritten, self._team)

    def _looked(self, line: str) -> None:
        self._say(line)
        if self._on_step(0, 0):
            raise TrainingStopped

    def _validate(self) -> Retrieval:
        return Retrieval.of(self._ranks("val", self._options.texts))

    def _ranks(self, split: str, texts: str = TITLE) -> np.ndarray:
        """Return the rank of each text's own picture in a split; its group does not count."""
        which = -1 if texts == REWRITE else 0
        own = [
            (
                self._learner.text_vectors([row[which] for row in part.texts]),
                self._learner.image_vectors(part.features, part.rows),
                part.groups,
            )
            for part in self._data.held_out(split)
            if len(part.rows)
        ]
        parts = [part for of_process in self._team.collect(own) for part in of_process]
        words, images, groups = (np.concatenate(column) for column in zip(*parts, strict=True))
        return ranks(words, images, groups)


def _outcome(before: np.ndarray, after: np.ndarray) -> Outcome:
    """Compare the ranks of the same texts' pictures before and after training."""
    first, second = (1 / (ranks + 1.0) for ranks in (before, after))
    return Outcome(
        Retrieval.of(before),
        Retrieval.of(after),
        (interval(first), interval(second)),
        paired_p(first, second),
    )
