"""Train an adapter and the text tower on a catalogue's stored vectors."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from core.app.catalog_pairs import catalog_pairs, derive_vectors, held_out
from core.app.evaluating import EvaluationService
from core.app.library import Catalog
from core.app.models import ModelPool
from core.app.training_bases import TrainingBases
from core.app.training_card import adapter_card
from core.base.counts import counted
from core.domain import Progress, Ranking, Report
from core.embedding.adapter import ImageAdapter
from core.embedding.text_tower import TextTower
from core.errors import TrainingStopped
from core.evaluation.report_html import verdicts
from core.jobs import JobReporter
from core.ports.encoder import Vectors
from core.ports.engines import EngineModel
from core.store.vectors import VectorRow
from core.training.batches import REWRITE
from core.training.curve import CURVE, write_curve
from core.training.pairs import Pairs
from core.training.publish import publish, write_card
from core.training.runs import Runs, on_step
from core.training.text_trainer import TextTrainer, TextTraining
from core.training.training_loop import LOG

#: Options for small catalogues: few steps, so the moving average of weights decays faster.
DEFAULTS = TextTraining(
    epochs=12, batch=128, lr=1e-4, lr_head=1e-3, ema=0.95, patience=3, single_source=0.0, bf16=False
)
MEASURES = ("hits@1", "hits@5", "hits@10", "mrr", "ndcg@10")


class AdapterTraining:
    """Trains what comes after a frozen image tower, and measures it on held-out texts.

    Args:
        root: Folder of the trained engines.
        runs: Their runs.
        models: The models.
        bases: The engines to start from.
        evaluation: Measures engines before and after training.
    """

    def __init__(
        self, root: Path, runs: Runs, models: ModelPool, bases: TrainingBases,
        evaluation: EvaluationService,
    ) -> None:  # fmt: skip
        self._root, self._runs, self._models, self._bases = root, runs, models, bases
        self._evaluation = evaluation

    def run(
        self, name: str, catalog: Catalog, start: EngineModel, options: TextTraining,
        restart: bool, say: Callable[[str], None], reporter: JobReporter,
    ) -> Report:  # fmt: skip
        """Train and publish a new engine; return the stored report on the held-out titles.

        Raises:
            TrainingError: The catalogue has too few items.
            TrainingStopped: A stop was requested.
        """
        pairs = catalog_pairs(catalog, start)
        held = len(held_out(pairs)[0])
        say(f"{counted(len(pairs), 'item')}, {counted(held, 'title')} held out")
        origin = self._models.weights.path("text-tower")
        tower, adapter = TextTower.load(origin), ImageAdapter(start.encoder.dim)
        # The state's folder depends on catalogue, base and vectors, so only equal runs share it.
        digest = hashlib.sha256("\n".join([start.fingerprint, *pairs.keys]).encode())
        digest.update(pairs.vectors.tobytes() + options.texts.encode())
        work = self._runs.work(name, digest.hexdigest())
        if restart:
            shutil.rmtree(work, ignore_errors=True)

        TextTrainer(tower, pairs, options, work, say, adapter, on_step(reporter)).run()
        if reporter.stopping():
            raise TrainingStopped
        adapter.eval()

        def save(folder: Path) -> None:
            tower.save(folder, origin / "tokenizer.json")
            adapter.save(folder)
            shutil.copyfile(work / LOG, folder / LOG)
            write_curve(work / LOG, folder / CURVE)

        self._models.forget(name)
        publish(self._root / name, start.engine, "adapted", f"the catalogue {catalog.name}", save)
        reporter.step(Progress("embedding", 0, 1))
        self._derive(name, catalog, start, adapter)
        reporter.step(Progress("measuring", 0, 1))
        report, *rewritten = self._measured(pairs, start.name, name, catalog.name, say)
        paragraphs = adapter_card(
            start.name, catalog.name, len(pairs), (report, *rewritten), options
        )
        write_card(self._root / name, paragraphs)
        self._runs.tidy(name)
        return report

    def _derive(
        self, name: str, catalog: Catalog, start: EngineModel, adapter: ImageAdapter
    ) -> None:
        """Store the new engine's vectors, made of the base's."""

        def pictures(rows: Sequence[VectorRow]) -> dict[str, Vectors]:
            shown = adapter.apply_to(np.stack([row.image_vector for row in rows]))
            return {row.item_id: vector for row, vector in zip(rows, shown, strict=True)}

        derive_vectors(
            catalog, start, self._models.engine(name), self._bases.models(start.name, catalog),
            pictures,
        )  # fmt: skip

    def _measured(
        self, pairs: Pairs, base: str, name: str, catalog: str, say: Callable[[str], None]
    ) -> tuple[Report, ...]:
        """Return the stored reports: on held-out titles, and on rewrites where there are some."""
        report = self._evaluation.evaluate(
            *held_out(pairs), (base, name), catalog,
            task="adapted", title="Titles held out from fine-tuning → their items",
            names=MEASURES, main="mrr", ranking=Ranking.IMAGE,
        )  # fmt: skip
        rewritten: tuple[Report, ...] = ()
        if pairs.rewrites() != pairs.titles():
            on_rewrites = self._evaluation.evaluate(
                *held_out(pairs, REWRITE), (base, name), catalog,
                task="adapted-rewrites", title="Rewrites held out from fine-tuning → their items",
                names=MEASURES, main="mrr", ranking=Ranking.IMAGE,
            )  # fmt: skip
            self._evaluation.reports.add(on_rewrites)
            say("Held-out rewrites: " + " ".join(verdicts(on_rewrites)))
            rewritten = (on_rewrites,)
        self._evaluation.reports.add(report)
        return (report, *rewritten)
