"""Fine-tune engines on a catalogue or a file of pairs; measure them on held-out pairs."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.app.adapter_training import DEFAULTS, AdapterTraining
from core.app.catalog_pairs import catalog_pairs, held_out
from core.app.evaluating import EvaluationService
from core.app.library import Catalog, Library
from core.app.models import OWN_ENGINES, ModelPool
from core.app.tower_training import TowerTraining
from core.app.training_bases import TRAINED, TrainingBases, check_texts, viewed
from core.domain import COMPACT, EvalQuery, ImageView, JobState, OnProgress, Report
from core.embedding.loaders import takes_adapter
from core.errors import TrainingError
from core.jobs import BegunJob, JobReporter
from core.settings import Settings
from core.training.batches import REWRITE, TITLE
from core.training.pair_files import write_pair_file
from core.training.pair_sources import Source
from core.training.runs import ENGINE_NAME, Runs
from core.training.sharded_pairs import TableSource, pairs_of
from core.training.text_trainer import TextTraining
from core.training.towers import Unlock
from core.training.tune import Outcome


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
        self._bases = bases = TrainingBases(models, settings)
        self._root = root = settings.data_dir / OWN_ENGINES
        self.runs = Runs(root)
        self._adapters = AdapterTraining(root, self.runs, models, bases, evaluation)
        self._towers = TowerTraining(root, self.runs, models, bases, settings)

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
        items = TRAINED * opened_catalog.store.vectors(base).count()
        steps = math.ceil(items / options.batch) * options.epochs

        def work(reporter: JobReporter) -> Report:
            report = self._adapters.run(
                name, opened_catalog, start, options, restart, say, reporter
            )
            reporter.end(JobState.DONE, details={"report": report.report_id})
            return report

        reporter = self.runs.begin(
            name, opened_catalog.name, base, steps, author=author, on_progress=on_progress
        )
        return BegunJob(reporter, work)

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
        that it learned from gets its vectors at once, if the base has vectors there; where the
        recipe mixes a crop with the whole photo, those of crops alone until it is indexed again).

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
        of_catalog = pairs is None
        plan = self._towers.plan(
            base, views, unlock_image, unlock_text, options or {}, of_catalog=of_catalog
        )
        opened_catalog: Catalog | None = None
        source: Source | TableSource
        if pairs is None:
            opened_catalog = self._library.get(catalog)
            source = self._towers.pairs_of_catalog(opened_catalog, base, plan, views, say)
        else:
            source = pairs_of(pairs, shards, self._settings)
        return self._towers.run(name, base, plan, source, opened_catalog, restart, say, on_progress)

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
