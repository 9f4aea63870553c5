"""Fine-tuning for the Catalog page; imports no model before a run starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.app.evaluating import EvaluationService
from core.app.library import Library
from core.app.models import OWN_ENGINES, ModelPool
from core.domain import COMPACT, Engine, Report
from core.embedding.loaders import takes_adapter
from core.errors import EvaluationError, TrainingError
from core.evaluation.report_html import verdicts
from core.jobs import BegunJob, JobFile
from core.settings import Settings
from core.training.curve import CURVE
from core.training.pair_sources import LEAST_ITEMS
from core.training.runs import AdaptRun, Runs

if TYPE_CHECKING:
    from core.app.training import TrainingService


@dataclass(frozen=True, slots=True)
class AdaptState:
    """State of fine-tuning on one catalogue, as a page shows it.

    Attributes:
        catalog: Name of the catalogue.
        bases: Engines that can be fine-tuned on it.
        why_not: Why no engine can be; a sentence, or empty.
        run: The running or last run, on any catalogue.
        report: Report of that run, if it is done and its engine exists.
        verdicts: That report in sentences.
        curve: Loss and validation recall of that run by epoch, as SVG; empty if there is none.
        mine: Fine-tuned engines with vectors in this catalogue.
        chosen: The default engine of this catalogue, or empty.
    """

    catalog: str
    bases: tuple[Engine, ...]
    why_not: str
    run: AdaptRun | None
    report: Report | None
    verdicts: tuple[str, ...]
    curve: str
    mine: tuple[str, ...]
    chosen: str


class AdaptJobs:
    """Starts, stops and shows fine-tuning.

    Args:
        library: The catalogues.
        models: The models.
        settings: Data directory and profile.
        evaluation: Reads stored reports.
        training: Returns the service that trains; called when a run starts.
    """

    def __init__(
        self, library: Library, models: ModelPool, settings: Settings,
        evaluation: EvaluationService, training: Callable[[], TrainingService],
    ) -> None:  # fmt: skip
        self._library, self._models, self._settings = library, models, settings
        self._evaluation, self._training = evaluation, training
        self._runs = Runs(settings.data_dir / OWN_ENGINES)

    def state(self, catalog: str | None = None) -> AdaptState:
        """Return the state for a page; raises ``CatalogError`` if there is no catalogue."""
        info = self._library.info(self._library.resolve(catalog))
        recipes = self._models.recipes.values()
        able = [engine for engine in recipes if takes_adapter(self._settings.towers(engine))]
        bases = tuple(
            engine for engine in able if info.searchable.get(engine.name, 0) >= LEAST_ITEMS
        )
        run = self._runs.latest()
        report = self._report(run)
        return AdaptState(
            catalog=info.name,
            bases=bases,
            why_not="" if bases else self._why_not(info.searchable, able),
            run=run,
            report=report,
            verdicts=verdicts(report) if report else (),
            curve=self._curve(run) if run and report else "",
            mine=tuple(name for name in self._runs.engines() if info.searchable.get(name)),
            chosen=info.engine,
        )

    def begin(
        self, name: str, catalog: str | None, base: str, author: str = ""
    ) -> BegunJob[Report]:
        """Begin a run; run the returned job in any thread; ``state`` shows progress and result.

        Raises:
            TrainingError: The name is taken or not valid, another run is active, or the catalogue
                has too few items.
            CatalogError: There is no such catalogue.
        """
        state = self.state(catalog)
        if base not in {engine.name for engine in state.bases}:
            raise TrainingError(state.why_not or f"The engine “{base[:60]}” can't be fine-tuned.")
        return self._training().begin_adapt(name, catalog, base=base, author=author)

    @property
    def job(self) -> JobFile:
        """The job of fine-tuning; a run stops after its present step and can be resumed."""
        return self._runs.job

    def forget(self) -> None:
        """Delete the state of a run that ended before it was done."""
        run = self._runs.latest()
        if run is not None and not run.running:
            self._runs.tidy(run.engine)
            self._runs.forget(run.engine)

    def use(self, name: str, catalog: str | None = None) -> None:
        """Set the default engine of a catalogue; an empty name restores the usual one.

        Raises:
            TrainingError: The engine does not exist, or has no vectors in this catalogue.
        """
        opened_catalog = self._library.get(catalog)
        if name and (
            name not in self._models.recipes or not opened_catalog.store.vectors(name).count()
        ):
            raise TrainingError(
                f"The engine “{name[:60]}” has no vectors in the catalogue “{opened_catalog.name}”."
            )
        opened_catalog.store.meta.write(replace(opened_catalog.store.meta.read(), engine=name))

    def _report(self, run: AdaptRun | None) -> Report | None:
        if run is None or not run.report or run.engine not in self._models.recipes:
            return None
        try:
            return self._evaluation.reports.get(run.report)
        except EvaluationError:  # somebody removed it
            return None

    def _curve(self, run: AdaptRun) -> str:
        path = self._settings.data_dir / OWN_ENGINES / run.engine / CURVE
        return path.read_text("utf-8") if path.is_file() else ""

    def _why_not(self, searchable: Mapping[str, int], able: list[Engine]) -> str:
        if self._settings.recipe.engines != COMPACT or not able:
            return "Fine-tuning from this page runs in the compact profile."
        most = max((searchable.get(engine.name, 0) for engine in able), default=0)
        return (
            f"This catalogue has {most} items with vectors; fine-tuning needs {LEAST_ITEMS} at "
            "least, because a part is held out to measure on."
        )
