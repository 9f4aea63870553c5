"""What is built from the settings: every service, on first use, with the parts that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.app.agent_jobs import AgentJobs
from core.app.demo_measures import DemoMeasures
from core.app.evaluating import EvaluationService
from core.app.experiment_checks import ExperimentChecks
from core.app.experiment_results import ExperimentResults
from core.app.experimenting import ExperimentService
from core.app.grounding import GroundingService
from core.app.indexing import IndexingService
from core.app.inspecting import InspectionService
from core.app.item_texts import ItemTexts
from core.app.judging import JudgingService
from core.app.judging_by_model import ModelJudgingService
from core.app.labels import LabelService
from core.app.library import Library
from core.app.managing import CatalogManager
from core.app.markets import MarketService
from core.app.models import ModelPool
from core.app.preferences import PreferenceService
from core.app.rewriting import RewritingService
from core.app.shipped_judgments import ShippedJudgments
from core.app.simulating import SimulationService
from core.app.taking_events import EventIntake
from core.app.tasks import TaskService
from core.app.training_jobs import AdaptJobs
from core.base.buckets import connect
from core.base.lazy import lazy
from core.jobs import JobRunner
from core.people import People
from core.settings import Settings

if TYPE_CHECKING:
    from core.app.click_estimates import ClickEstimates
    from core.app.training import TrainingService
    from core.app.trials import TrialService


class Services:
    """The services over one data directory; safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        if settings.bucket:
            connect(settings.data_dir, settings.bucket)
        self._models = ModelPool(settings)
        self._library = Library(settings)
        self.jobs = JobRunner()
        self.people = People.from_settings(settings)

    @lazy
    def indexing(self) -> IndexingService:
        """Indexing catalogue files and the demo: start, progress, stop."""
        return IndexingService(self._library, self._models, self.settings, self.jobs)

    @lazy
    def evaluation(self) -> EvaluationService:
        """Measuring engines: tasks, reports."""
        return EvaluationService(self._library, self._models, self.settings)

    @lazy
    def grounding(self) -> GroundingService:
        """Grounding: correct, find things in photos, export."""
        return GroundingService(self._library, self._models, self.settings)

    @lazy
    def judging(self) -> JudgingService:
        """Judgment sets: make, deal, judge, and measure engines on them."""
        return JudgingService(self._library, self._models, self.evaluation, self.labels)

    @property
    def demo_judgments(self) -> ShippedJudgments:
        """The judgment set that ships with the demo: who graded it, and why it may be missing."""
        return self.indexing.demo_judgments

    @lazy
    def labels(self) -> LabelService:
        """Labels of judgment sets: agreement, decisions, import and export."""
        return LabelService(self._library)

    @lazy
    def preferences(self) -> PreferenceService:
        """Blind votes between two engines, and their sign test."""
        return PreferenceService(self._library, self._models)

    @lazy
    def markets(self) -> MarketService:
        """Judged queries and engines' lists, for simulated visitors."""
        return MarketService(self._library, self._models, self.labels)

    @lazy
    def simulating(self) -> SimulationService:
        """Simulated visitors of experiments, and plans made with them."""
        return SimulationService(self.markets, self.experiments)

    @lazy
    def experiments(self) -> ExperimentService:
        """Online experiments: set up, assign, take events in, analyse."""
        return ExperimentService.from_settings(self.settings)

    @lazy
    def experiment_results(self) -> ExperimentResults:
        """Results of experiments, computed one at a time and kept."""
        return ExperimentResults(self.experiments)

    @lazy
    def intake(self) -> EventIntake:
        """Events and assignments over HTTP: tokens, limits, checks."""
        return EventIntake(self.experiments, self.settings)

    @lazy
    def checks(self) -> ExperimentChecks:
        """A/A tests of experiments' logs."""
        return ExperimentChecks(self.experiments)

    @lazy
    def clicks(self) -> ClickEstimates:
        """Position bias, click rates of engines from others' logs, grades from clicks."""
        from core.app.click_estimates import ClickEstimates  # slow to import, and seldom needed

        return ClickEstimates(self.experiments, self._library, self._models)

    @lazy
    def rewriting(self) -> RewritingService:
        """The rewriting agent over whole catalogues."""
        return RewritingService(self._library, self._models, self.settings)

    @lazy
    def item_texts(self) -> ItemTexts:
        """Items' rewritten texts: history, people's decisions, the review queue."""
        return ItemTexts(self._library, self._models, self.settings.shipped / "vocabularies")

    @lazy
    def agent(self) -> AgentJobs:
        """The rewriting agent's job on each catalogue: start, progress, stop."""
        return AgentJobs(self.rewriting)

    @lazy
    def assessing(self) -> ModelJudgingService:
        """Grading of engines' results by a vision-language model."""
        return ModelJudgingService(
            self._library, self._models, self.judging, self.labels, self.evaluation.jobs
        )

    @lazy
    def training(self) -> TrainingService:
        """Fine-tuning engines on a catalogue's own items."""
        from core.app.training import TrainingService  # slow to import, and seldom needed

        return TrainingService(self._library, self._models, self.settings, self.evaluation)

    @lazy
    def trials(self) -> TrialService:
        """Comparisons with fine-tuning: ablation, transfer."""
        from core.app.trials import TrialService  # slow to import, and seldom needed

        return TrialService(self._library, self._models, self.settings)

    @lazy
    def tasks(self) -> TaskService:
        """All named evaluation tasks, with and without fine-tuning."""
        return TaskService(self._library, self.settings, self.evaluation, lambda: self.trials)

    @lazy
    def adapting(self) -> AdaptJobs:
        """Fine-tuning for the Catalog page: start, progress, use, discard."""
        parts = (self._library, self._models, self.settings, self.evaluation)
        return AdaptJobs(*parts, training=lambda: self.training)

    @lazy
    def managing(self) -> CatalogManager:
        """Catalogues as a whole: title, default, removal."""
        return CatalogManager(self._library)

    @lazy
    def _inspecting(self) -> InspectionService:
        return InspectionService(self._library, self._models, self.settings, self.grounding)

    @lazy
    def demo_measures(self) -> DemoMeasures:
        """Reports on the demo that every start needs: shipped, or measured once."""
        return DemoMeasures(self.settings, self.evaluation, self.judging, self.demo_judgments)
