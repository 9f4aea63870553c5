"""Train an engine's own towers on a file of pairs or on a catalogue."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.app.catalog_pairs import derive_vectors
from core.app.library import Catalog
from core.app.models import ModelPool
from core.app.training_bases import TRAINED, TrainingBases, check_texts, viewed
from core.domain import JobState, OnProgress, Progress
from core.embedding.loaders import takes_adapter
from core.errors import TrainingError, TrainingStopped
from core.jobs import JobReporter
from core.ports.encoder import Vectors
from core.settings import Settings
from core.training.batches import MIXED
from core.training.pair_sources import Source
from core.training.publish import publish, write_card
from core.training.runs import Runs, on_step
from core.training.sharded_pairs import TableSource
from core.training.team import team_of
from core.training.towers import Unlock
from core.training.training_loop import Training
from core.training.tune import Outcome, Plan, Tuning

#: Options for whole towers of CLIP's kind: small steps, so that they forget little.
TUNING = Training()
#: Options for the compact towers: the text tower as with an adapter, smaller image tower steps.
COMPACT_TUNING = Training(
    epochs=12, lr=1e-4, lr_head=1e-3, weight_decay=0.05, warmup=0.08, ema=0.95, drop=0.1
)


class TowerTraining:
    """Trains towers, alone or as one of ``torchrun``'s processes, and publishes them.

    Args:
        root: Folder of the trained engines.
        runs: Their runs.
        models: The models.
        bases: The engines to start from.
        settings: Data directory and profile.
    """

    def __init__(
        self, root: Path, runs: Runs, models: ModelPool, bases: TrainingBases, settings: Settings
    ) -> None:
        self._root, self._runs, self._models, self._bases = root, runs, models, bases
        self._settings = settings

    def plan(
        self, base: str, views: str, unlock_image: Unlock, unlock_text: Unlock,
        options: Mapping[str, Any], of_catalog: bool,
    ) -> Plan:  # fmt: skip
        """Return what is trained, and how.

        Args:
            base: An engine's name, or an open_clip name with a scheme.
            views: Which picture the new engine gets; empty for the base's.
            unlock_image: Number of last blocks of the image tower to train; ``None`` means all.
            unlock_text: Number of last blocks of the text tower to train; ``None`` means all.
            options: Fields of ``Training`` that replace the defaults for the base.
            of_catalog: It learns from a catalogue, which has two kinds of texts.

        Raises:
            TrainingError: There is no such picture or text, or a file has no choice of texts.
            EngineUnavailable: There is no such base.
        """
        texts = check_texts(options.get("texts", ""))
        engine = viewed(self._bases.engine(base), views, texts)
        if not of_catalog and (texts or MIXED) != MIXED:
            raise TrainingError(
                "A file of pairs brings its own texts; choose them with a catalogue only."
            )
        texts = texts or (engine.text_view.value if of_catalog else MIXED)
        usual = COMPACT_TUNING if takes_adapter(self._settings.towers(engine)) else TUNING
        return Plan(
            engine, unlock_image, unlock_text, replace(usual, **{**options, "texts": texts})
        )

    def pairs_of_catalog(
        self, catalog: Catalog, base: str, plan: Plan, views: str, say: Callable[[str], None]
    ) -> Source:
        """Return a catalogue's pairs; raises ``TrainingError`` where they are too few."""
        models = self._bases.models(base, catalog, plan.base)
        return self._bases.source(catalog, plan.base, models, say, views)

    def run(
        self, name: str, base: str, plan: Plan, source: Source | TableSource,
        catalog: Catalog | None, restart: bool, say: Callable[[str], None],
        on_progress: OnProgress | None,
    ) -> Outcome | None:  # fmt: skip
        """Train and publish a new engine; return figures before and after, in the first process.

        Raises:
            TrainingError: Another run is active.
            TrainingStopped: A stop was requested.
        """
        towers = self._settings.towers(plan.base)
        key = (
            f"{source.digest} {towers} {plan.unlock_image} {plan.unlock_text} {plan.options.texts}"
        )
        work = self._runs.work(name, hashlib.sha256(key.encode()).hexdigest())
        with ExitStack() as held:
            team = held.enter_context(team_of(self._settings.device))
            reporter: JobReporter | None = None
            if team.first:
                steps = math.ceil(TRAINED * source.count / plan.options.batch)
                begun = self._runs.begin(
                    name, source.name, base, steps * plan.options.epochs, on_progress=on_progress
                )
                reporter = held.enter_context(begun)
            team.agree(None)  # the first one has the job: nobody else trains in this folder
            if restart:
                shutil.rmtree(work, ignore_errors=True)
            team.collect(None)
            if team.first:
                say(f"{source.count} pairs of {source.name}")
            step = on_step(reporter) if reporter else _silent
            run = Tuning(plan, source, self._settings, self._models.weights, work, say, team, step)
            outcome = run.run()
            if any(team.collect(reporter is not None and reporter.stopping())):
                raise TrainingStopped
            if reporter is not None:
                self._publish(name, plan, source.name, run, outcome)
                if catalog is not None and self._keeps_vectors(base, plan, catalog):
                    reporter.step(Progress("embedding", 0, 1))
                    self._derive(name, base, catalog, run.image_vectors())
            # The first process needs the folder, which may be the same for all, until here.
            team.agree(None)
            self._runs.tidy(name)
            if reporter is not None:
                reporter.end(JobState.DONE)
        return outcome if reporter is not None else None

    def _publish(self, name: str, plan: Plan, source: str, run: Tuning, outcome: Outcome) -> None:
        """Write the engine, its recipe and its card."""
        towers = self._settings.towers(plan.base)
        self._models.forget(name)
        publish(
            self._root / name, plan.base, run.towers.loader, source, run.save,
            towers.fit if towers else "",
        )  # fmt: skip
        write_card(self._root / name, outcome.card(source, plan))

    def _keeps_vectors(self, base: str, plan: Plan, catalog: Catalog) -> bool:
        """Tell whether the base has vectors of the same pictures in the catalogue."""
        same = plan.base.image_view is self._bases.engine(base).image_view
        return same and base in catalog.store.engines()

    def _derive(self, name: str, base: str, catalog: Catalog, vectors: dict[str, Vectors]) -> None:
        """Store the new engine's vectors of the catalogue that it learned from."""
        tuned, models = self._models.engine(name), self._bases.models(base, catalog)
        derive_vectors(catalog, self._models.engine(base), tuned, models, lambda rows: vectors)


def _silent(done: int, total: int) -> bool:
    """Ignore a step: the callback of all processes but the first."""
    return False
