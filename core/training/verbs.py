"""Fine-tuning on a catalogue: before and after on what was held out, then an engine or nothing."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from core.domain import EvalQuery, Profile, Ranking, Report
from core.embedding.adapter import ImageAdapter
from core.embedding.registry import RECIPE
from core.embedding.text_tower import TextTower
from core.errors import TrainingError
from core.evaluation.verbs import EvaluationVerbs
from core.library import Library
from core.models import OWN_ENGINES, ModelRoom
from core.settings import Settings
from core.training.adapt import catalogue_pairs, derive_vectors, held_out
from core.training.text_trainer import TextTrainer, TextTraining

#: Small catalogues: few steps, so the averaged weights must follow faster; words change least.
DEFAULTS = TextTraining(
    epochs=12, batch=128, lr=1e-4, lr_head=1e-3, ema=0.95, patience=3, single_source=0.0, bf16=False
)
MEASURES = ("hits@1", "hits@5", "hits@10", "mrr", "ndcg@10")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class TrainingVerbs:
    """Engines that are trained in this data directory.

    Args:
        library: The catalogues.
        models: The models.
        settings: Data directory and profile.
        evaluation: Measures before and after.
    """

    def __init__(
        self, library: Library, models: ModelRoom, settings: Settings, evaluation: EvaluationVerbs
    ) -> None:
        self._library, self._models, self._settings = library, models, settings
        self._evaluation = evaluation
        self._root = settings.data_dir / OWN_ENGINES

    def adapt(
        self,
        name: str,
        catalog: str | None = None,
        *,
        base: str = "vl-clip",
        options: TextTraining = DEFAULTS,
        say: Callable[[str], None] = lambda line: None,
    ) -> Report:
        """Fine-tune on a catalogue's own items; a killed run goes on after its last epoch.

        The image tower stays frozen: an adapter behind it and the text tower are trained on the
        stored vectors, by symmetric InfoNCE with equal titles masked. The new engine can be
        searched at once; ``discard`` throws it away.

        Args:
            name: Of the new engine, ``[a-z0-9-]+``.
            catalog: Whose items.
            base: The engine that it starts from; it must have vectors in the catalogue.
            options: Settings of the run.
            say: Gets lines of progress.

        Returns:
            The stored report: both engines on the titles that training never saw.

        Raises:
            TrainingError: The name is taken or none, the profile is another, or items are few.
            EngineUnavailable, CatalogError, FingerprintMismatch: The base can't be used.
        """
        self._check(name)
        where, start = self._library.get(catalog), self._models.engine(base)
        if start.engine.towers[self._settings.profile].loader != "compact":
            raise TrainingError(f"The engine “{base}” can't be fine-tuned here; vl-clip can.")
        pairs = catalogue_pairs(where, start)
        queries, relevant = held_out(pairs)
        say(f"{len(pairs)} items, {len(queries)} titles held out")
        origin = self._models.weights.path("text-tower")
        tower, adapter = TextTower.load(origin), ImageAdapter(start.encoder.dim)
        # Another catalogue, base or photo is another run: it never goes on from this one's state.
        digest = hashlib.sha256("\n".join([start.fingerprint, *pairs.keys]).encode())
        digest.update(pairs.vectors.tobytes())
        work = self._root / f".{name}-{digest.hexdigest()[:16]}"
        tower = TextTrainer(tower, pairs, options, work, say, adapter).run()
        self._publish(name, where.name, base, tower, adapter.eval(), origin)
        tuned = self._models.engine(name)
        models = self._models.for_indexing().corrected_by(where.store.corrections.standing())
        derive_vectors(where, start, tuned, models)
        report = self._evaluation.evaluate(
            queries, relevant, (base, name), where.name,
            task="adapted", title="Titles held out from fine-tuning → their items",
            names=MEASURES, main="mrr", ranking=Ranking.IMAGE,
        )  # fmt: skip
        self._evaluation.save(report)
        self._card(name, where.name, base, len(pairs), report, options)
        shutil.rmtree(work)
        return report

    def held_out(
        self, base: str, catalog: str | None = None
    ) -> tuple[list[EvalQuery], dict[str, dict[str, int]]]:
        """Titles that fine-tuning from this engine never sees, and the items that they are of."""
        return held_out(catalogue_pairs(self._library.get(catalog), self._models.engine(base)))

    def engines(self) -> tuple[str, ...]:
        """Names of the engines that were trained here."""
        return tuple(sorted(path.parent.name for path in self._root.glob(f"*/{RECIPE}")))

    def discard(self, name: str) -> None:
        """Throw a trained engine away, with its vectors in every catalogue.

        Raises:
            TrainingError: There is none of that name.
        """
        if name not in self.engines():
            raise TrainingError(f"No engine “{name[:60]}” was trained here.")
        self._models.forget(name)
        shutil.rmtree(self._root / name)
        for catalog in self._library.names():
            self._library.get(catalog).store.vectors(name).drop()

    def _check(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise TrainingError(
                f"An engine's name has small letters, digits and dashes only; got “{name[:60]}”."
            )
        if self._settings.profile is not Profile.COMPACT:
            raise TrainingError("Fine-tuning on a catalogue runs in the compact profile.")
        if name in self._models.recipes:
            raise TrainingError(f"There is an engine “{name}” already. Discard it first.")

    def _publish(
        self, name: str, catalog: str, base: str, tower: TextTower, adapter: ImageAdapter,
        origin: Path,
    ) -> None:  # fmt: skip
        """The checkpoint becomes an engine whole or not at all: its recipe is written last."""
        folder = self._root / name
        shutil.rmtree(folder, ignore_errors=True)
        tower.save(folder, origin / "tokenizer.json")
        adapter.save(folder)
        from_ = self._models.recipes[base]
        recipe = (
            f'order = 200\ntitle = "{name}"\n'
            f'summary = "{from_.title}, fine-tuned on the catalogue {catalog}."\n'
            f'image_view = "{from_.image_view.value}"\ntext_view = "{from_.text_view.value}"\n'
            f'text_weight = {from_.text_weight}\n\n[towers.compact]\nloader = "adapted"\n'
            f'model = "."\n'
        )
        partial = folder / f".{RECIPE}"
        partial.write_text(recipe, "utf-8")
        partial.replace(folder / RECIPE)

    def _card(
        self, name: str, catalog: str, base: str, items: int, report: Report, options: TextTraining
    ) -> None:
        lines = [
            f"# {name}",
            f"Grown from `{base}` on {items} items of the catalogue `{catalog}`: an adapter behind "
            "the frozen image tower, and the text tower. Measured on titles that training never "
            f"saw ({report.queries} queries, ranked by picture vectors alone):",
            *(
                f"- {entry.engine}: "
                + ", ".join(f"{m} {entry.scores[m].value:.3f}" for m in report.measures)
                for entry in report.engines
            ),
            *self._evaluation.verdicts(report),
            f"Settings: `{options}`",
        ]
        (self._root / name / "README.md").write_text("\n\n".join(lines) + "\n", "utf-8")
