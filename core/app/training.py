"""Fine-tune engines on a catalogue or a file of pairs; measure them on held-out pairs."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from core.app.catalog_pairs import catalog_pairs, derive_vectors, held_out
from core.app.evaluating import EvaluationService
from core.app.library import Catalog, Library
from core.app.models import OWN_ENGINES, ModelPool
from core.app.training_bases import TrainingBases, check_texts, viewed
from core.app.training_card import adapter_card
from core.domain import (
    COMPACT,
    EvalQuery,
    ImageView,
    JobState,
    OnProgress,
    Progress,
    Ranking,
    Report,
)
from core.embedding.adapter import ImageAdapter
from core.embedding.loaders import takes_adapter
from core.embedding.text_tower import TextTower
from core.errors import TrainingError, TrainingStopped
from core.evaluation.report_html import verdicts
from core.jobs import BegunJob, JobReporter
from core.ports.encoder import Vectors
from core.ports.engines import EngineModel
from core.settings import Settings
from core.store.vectors import VectorRow
from core.training.batches import MIXED, REWRITE, TITLE
from core.training.curve import CURVE, write_curve
from core.training.pair_files import write_pair_file
from core.training.pair_sources import Source
from core.training.pairs import Pairs
from core.training.publish import publish, write_card
from core.training.runs import ENGINE_NAME, Runs, on_step
from core.training.sharded_pairs import TableSource, pairs_of
from core.training.team import team_of
from core.training.text_trainer import TextTrainer, TextTraining
from core.training.towers import Unlock
from core.training.training_loop import LOG, Training
from core.training.tune import Outcome, Plan, Tuning

#: Options for small catalogues: few steps, so the moving average of weights decays faster.
DEFAULTS = TextTraining(
    epochs=12, batch=128, lr=1e-4, lr_head=1e-3, ema=0.95, patience=3, single_source=0.0, bf16=False
)
#: Options for whole towers of CLIP's kind: small steps, so that they forget little.
TUNING = Training()
#: Options for the compact towers: the text tower as with an adapter, smaller image tower steps.
COMPACT_TUNING = Training(
    epochs=12, lr=1e-4, lr_head=1e-3, weight_decay=0.05, warmup=0.08, ema=0.95, drop=0.1
)
#: Share of the items in the training part.
_TRAINED = 0.7
MEASURES = ("hits@1", "hits@5", "hits@10", "mrr", "ndcg@10")


class TrainingService:
    """Trains engines in this data directory.

    Args:
        library: The catalogues.
        models: The models.
        settings: Data directory and profile.
        evaluation: Measures engines before and after training.
    """

    def __init__(
        self, library: Library, models: ModelPool, settings: Settings, evaluation: EvaluationService
    ) -> None:
        self._library, self._models, self._settings = library, models, settings
        self._evaluation = evaluation
        self._bases = TrainingBases(models, settings)
        self._root = settings.data_dir / OWN_ENGINES
        self.runs = Runs(self._root)

    def adapt(
        self,
        name: str,
        catalog: str | None = None,
        *,
        base: str = "vl-clip",
        texts: str = "",
        options: TextTraining = DEFAULTS,
        restart: bool = False,
        say: Callable[[str], None] = lambda line: None,
        on_progress: OnProgress | None = None,
    ) -> Report:
        """Fine-tune on a catalogue's own items; a killed run resumes after its last epoch.

        The image tower stays frozen: an adapter after it and the text tower are trained on the
        stored vectors, by symmetric InfoNCE with equal titles masked. The new engine can be
        searched at once; ``discard`` deletes it.

        Args:
            name: Name of the new engine, ``[a-z0-9-]+``.
            catalog: Name of the catalogue with the items.
            base: Engine to start from; it must have vectors in the catalogue.
            texts: Texts to learn from, ``title``, ``rewrite`` or ``mixed``; empty for those that
                the engine embeds.
            options: Settings of the run.
            restart: Delete the state of a killed run.
            say: Called with lines of text about the progress.
            on_progress: Called with each progress report.

        Returns:
            The stored report: both engines on the held-out titles.

        Raises:
            TrainingError: The name is taken or not valid, the profile is not ``compact``, or the
                catalogue has too few items.
            EngineUnavailable, CatalogError, FingerprintMismatch: The base can't be used.
        """
        return self.begin_adapt(
            name, catalog, base=base, texts=texts, options=options, restart=restart, say=say,
            on_progress=on_progress,
        ).run()  # fmt: skip

    def begin_adapt(
        self,
        name: str,
        catalog: str | None = None,
        *,
        base: str = "vl-clip",
        texts: str = "",
        options: TextTraining = DEFAULTS,
        restart: bool = False,
        say: Callable[[str], None] = lambda line: None,
        author: str = "",
        on_progress: OnProgress | None = None,
    ) -> BegunJob[Report]:
        """Begin the data directory's training job; run it in any thread; raises as ``adapt``."""
        self.check_name(name)
        check_texts(texts)
        if self._settings.recipe.engines != COMPACT:
            raise TrainingError(
                "Fine-tuning with an adapter runs in the compact profile. Here the towers "
                "themselves can be trained: `train NAME --unlock-text all --unlock-image 2`."
            )
        opened_catalog = self._library.get(catalog)
        start = self._models.engine(base)
        if not takes_adapter(self._settings.towers(start.engine)):
            raise TrainingError(f"The engine “{base}” can't be fine-tuned here; vl-clip can.")
        options = replace(options, texts=texts or start.engine.text_view.value)
        items = _TRAINED * opened_catalog.store.vectors(base).count()
        steps = math.ceil(items / options.batch) * options.epochs

        def work(reporter: JobReporter) -> Report:
            report = self._adapt(name, opened_catalog, start, options, restart, say, reporter)
            reporter.end(JobState.DONE, details={"report": report.report_id})
            return report

        reporter = self.runs.begin(
            name, opened_catalog.name, base, steps, author=author, on_progress=on_progress
        )
        return BegunJob(reporter, work)

    def _adapt(
        self, name: str, catalog: Catalog, start: EngineModel, options: TextTraining,
        restart: bool, say: Callable[[str], None], reporter: JobReporter,
    ) -> Report:  # fmt: skip
        pairs = catalog_pairs(catalog, start)
        queries, relevant = held_out(pairs)
        say(f"{len(pairs)} items, {len(queries)} titles held out")
        origin = self._models.weights.path("text-tower")
        tower, adapter = TextTower.load(origin), ImageAdapter(start.encoder.dim)
        # The state's folder depends on catalogue, base and vectors, so only equal runs share it.
        digest = hashlib.sha256("\n".join([start.fingerprint, *pairs.keys]).encode())
        digest.update(pairs.vectors.tobytes() + options.texts.encode())
        work = self.runs.work(name, digest.hexdigest())
        if restart:
            shutil.rmtree(work, ignore_errors=True)

        TextTrainer(tower, pairs, options, work, say, adapter, on_step(reporter)).run()
        _go_on(reporter)
        adapter.eval()

        def save(folder: Path) -> None:
            tower.save(folder, origin / "tokenizer.json")
            adapter.save(folder)
            shutil.copyfile(work / LOG, folder / LOG)
            write_curve(work / LOG, folder / CURVE)

        def pictures(rows: Sequence[VectorRow]) -> dict[str, Vectors]:
            shown = adapter.apply_to(np.stack([row.image_vector for row in rows]))
            return {row.item_id: vector for row, vector in zip(rows, shown, strict=True)}

        self._models.forget(name)
        publish(self._root / name, start.engine, "adapted", f"the catalogue {catalog.name}", save)
        reporter.step(Progress("embedding", 0, 1))
        derive_vectors(
            catalog, start, self._models.engine(name), self._bases.models(start.name, catalog),
            pictures,
        )  # fmt: skip
        reporter.step(Progress("measuring", 0, 1))
        report = self._evaluation.evaluate(
            queries, relevant, (start.name, name), catalog.name,
            task="adapted", title="Titles held out from fine-tuning → their items",
            names=MEASURES, main="mrr", ranking=Ranking.IMAGE,
        )  # fmt: skip
        rewritten = self._measured_on_rewrites(pairs, start.name, name, catalog.name, say)
        self._evaluation.reports.add(report)
        paragraphs = adapter_card(
            start.name, catalog.name, len(pairs), (report, *rewritten), options
        )
        write_card(self._root / name, paragraphs)
        self.runs.tidy(name)
        return report

    def _measured_on_rewrites(
        self, pairs: Pairs, base: str, name: str, catalog: str, say: Callable[[str], None]
    ) -> tuple[Report, ...]:
        """Return the stored report on held-out rewrites; nothing where there are none."""
        if pairs.rewrites() == pairs.titles():
            return ()
        report = self._evaluation.evaluate(
            *held_out(pairs, REWRITE), (base, name), catalog,
            task="adapted-rewrites", title="Rewrites held out from fine-tuning → their items",
            names=MEASURES, main="mrr", ranking=Ranking.IMAGE,
        )  # fmt: skip
        self._evaluation.reports.add(report)
        say("Held-out rewrites: " + " ".join(verdicts(report)))
        return (report,)

    def tune(
        self,
        name: str,
        *,
        pairs: Path | str | None = None,
        shards: int = 0,
        catalog: str | None = None,
        base: str = "vl-clip",
        unlock_image: Unlock = 0,
        unlock_text: Unlock = None,
        views: str = "",
        options: Mapping[str, Any] | None = None,
        restart: bool = False,
        say: Callable[[str], None] = lambda line: None,
        on_progress: OnProgress | None = None,
    ) -> Outcome | None:
        """Train an engine's own towers on a file of pairs or on a catalogue.

        The paper's model is ``base="clip", views="crop", options={"texts": "rewrite"}``: CLIP
        trained on crops and rewrites. What is not yet grounded or described then is so first.

        A killed run resumes where it was. Under ``torchrun`` all processes make the same call; of a
        Lance table each reads and keeps its own shards only, so they need no common disk. The new
        engine is in the data directory; index a catalogue again to search with it (the catalogue
        that it learned from gets its vectors at once, if the base has vectors there).

        Args:
            name: Name of the new engine, ``[a-z0-9-]+``.
            pairs: A Parquet file with the columns image, text and, optionally, group and split; or
                a Lance table (``…/NAME.lance``, a folder or a URI), where group must be.
            shards: Parts that a table is cut into; 0 for one per process. Batches depend on this
                number, not on that of the processes.
            catalog: Catalogue to learn from, if no file is given; ``None`` is the default one.
            base: An engine's name, or an open_clip name with a scheme (``local-dir:…``).
            unlock_image: Number of last blocks of the image tower to train; ``None`` means all.
            unlock_text: Number of last blocks of the text tower to train; ``None`` means all.
            views: Which picture the new engine gets, ``photo``, ``crop`` or ``cutout``; empty for
                the base's.
            options: Fields of ``Training`` that replace the defaults for the base.
            restart: Delete the state of a killed run.
            say: Called with lines of text about the progress.
            on_progress: Called with each progress report.

        Returns:
            Figures before and after on held-out pairs; ``None`` in all processes but the first.

        Raises:
            TrainingError, PairsError: The name, the pairs or the towers are not usable.
            EngineUnavailable, WeightsUnavailable, CatalogError: The base or catalogue is missing.
        """
        self.check_name(name)
        options = dict(options or {})
        engine = viewed(self._bases.engine(base), views, check_texts(options.get("texts", "")))
        if pairs is not None and options.get("texts", MIXED) != MIXED:
            raise TrainingError(
                "A file of pairs brings its own texts; choose them with a catalogue only."
            )
        options["texts"] = options.get("texts") or (MIXED if pairs else engine.text_view.value)
        opened_catalog = None if pairs is not None else self._library.get(catalog)
        source: Source | TableSource
        if opened_catalog is None:
            assert pairs is not None  # noqa: S101
            source = pairs_of(pairs, shards, self._settings)
        else:
            models = self._bases.models(base, opened_catalog, engine)
            source = self._bases.source(opened_catalog, engine, models, say, views)
        towers = self._settings.towers(engine)
        usual = COMPACT_TUNING if takes_adapter(towers) else TUNING
        plan = Plan(engine, unlock_image, unlock_text, replace(usual, **options))
        key = f"{source.digest} {towers} {unlock_image} {unlock_text} {plan.options.texts}"
        work = self.runs.work(name, hashlib.sha256(key.encode()).hexdigest())
        with ExitStack() as held:
            team = held.enter_context(team_of(self._settings.device))
            reporter: JobReporter | None = None
            if team.first:
                steps = math.ceil(_TRAINED * source.count / plan.options.batch)
                begun = self.runs.begin(
                    name, source.name, base, steps * plan.options.epochs, on_progress=on_progress
                )
                reporter = held.enter_context(begun)
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
            if reporter is None:
                team.agree(
                    None
                )  # the first one needs the folder, which may be the same, until here
                self.runs.tidy(name)
                return None
            folder = self._root / name
            self._models.forget(name)
            publish(
                folder,
                engine,
                run.towers.loader,
                source.name,
                run.save,
                towers.fit if towers else "",
            )
            write_card(folder, outcome.card(source.name, plan))
            same = engine.image_view is self._bases.engine(base).image_view
            if opened_catalog is not None and same and base in opened_catalog.store.engines():
                reporter.step(Progress("embedding", 0, 1))
                vectors, tuned = run.image_vectors(), self._models.engine(name)
                models = self._bases.models(base, opened_catalog)
                derive_vectors(
                    opened_catalog, self._models.engine(base), tuned, models, lambda rows: vectors
                )
            team.agree(None)
            self.runs.tidy(name)
            reporter.end(JobState.DONE)
        return outcome

    def export_pairs(
        self,
        target: Path | str,
        catalog: str | None = None,
        *,
        base: str = "vl-clip",
        views: str = ImageView.CROP,
        say: Callable[[str], None] = lambda line: None,
    ) -> int:
        """Write a catalogue's pictures and rewrites to a file; return the number of pairs.

        Columns: item_id, image (JPEG), text (the rewrite), title, group and split, as ``train``
        would use them. What is not yet grounded or described is so first.

        Args:
            target: Parquet file to write, or Lance table (``…/NAME.lance``, a folder or a URI).
            catalog: Name of the catalogue; ``None`` is the default catalogue.
            base: Engine whose models are loaded; any that can run here gives the same pairs.
            views: Which picture: ``photo``, ``crop`` or ``cutout``.
            say: Called with a sentence on each step.

        Raises:
            TrainingError: There are too few items.
            EngineUnavailable: The engine can't run here.
        """
        engine = viewed(self._bases.engine(base), views, REWRITE)
        opened_catalog = self._library.get(catalog)
        models = self._bases.models(base, opened_catalog, engine)
        source = self._bases.source(opened_catalog, engine, models, say, views)
        return write_pair_file(source, target)

    def held_out(
        self, base: str, catalog: str | None = None, texts: str = TITLE
    ) -> tuple[list[EvalQuery], dict[str, dict[str, int]]]:
        """Return held-out titles (or rewrites) as queries, and qrels: the items with these texts.

        Raises as ``adapt`` for the catalogue and the base.
        """
        pairs = catalog_pairs(self._library.get(catalog), self._models.engine(base))
        return held_out(pairs, texts)

    def discard(self, name: str) -> None:
        """Delete a trained engine, or the state of a stopped training, with its vectors.

        Raises:
            TrainingError: There is no such engine, or it is being trained.
        """
        if name not in self.runs.engines() and not self.runs.unfinished(name):
            raise TrainingError(f"No engine “{name[:60]}” was trained here.")
        run = self.runs.latest()
        if run is not None and run.running and run.engine == name:
            raise TrainingError(f"“{name}” is being trained now. Stop that first.")
        self._models.forget(name)
        self.runs.tidy(name)
        shutil.rmtree(self._root / name, ignore_errors=True)
        for catalog in self._library.names():
            store = self._library.get(catalog).store
            store.vectors(name).drop()
            if (meta := store.meta.read()).engine == name:
                store.meta.write(replace(meta, engine=""))
        self.runs.forget(name)

    def check_name(self, name: str) -> None:
        """Check that a new engine may have this name; raises ``TrainingError``."""
        if not ENGINE_NAME.fullmatch(name):
            raise TrainingError(
                f"An engine's name has small letters, digits and dashes only; got “{name[:60]}”."
            )
        # A run that was killed between its checkpoint and its vectors can be resumed.
        if name in self._models.recipes and not self.runs.unfinished(name):
            raise TrainingError(f"There is an engine “{name}” already. Discard it first.")


def _go_on(reporter: JobReporter) -> None:
    """Raise ``TrainingStopped`` if a stop was requested."""
    if reporter.stopping():
        raise TrainingStopped


def _silent(done: int, total: int) -> bool:
    """Ignore a step: the callback of all processes but the first."""
    return False
