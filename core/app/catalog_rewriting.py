"""Run the rewriting agent over a catalogue: select items, describe them, embed the changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from threading import Event

from core.app.library import Catalog
from core.app.rewriting_inputs import RewritingInputs
from core.domain import (
    Corrections,
    Item,
    JobState,
    OnProgress,
    RewriteProgress,
    RewriteReport,
    RewriteRun,
)
from core.domain import Stage as ItemStage
from core.errors import CatalogBusy, CatalogError, RewritingFailed
from core.jobs import BegunJob, JobReporter, Stage
from core.language.budget import Budget
from core.language.claude import ClaudeRewriter
from core.language.conversations import Answerer, Conversation, Tally
from core.language.limits import JobLimits
from core.language.listing import photo_of
from core.language.message_batches import BatchRunner
from core.language.orders import AgentOrder, details, rewriting_job
from core.pipeline.redo import redo
from core.ports.engines import IndexingModels
from core.ports.keys import inputs_key, rewrite_key
from core.store.ledger import Ledger

#: Number of results written at once. A killed job gets unwritten results again without cost,
#: because every answer is in the ledger.
FLUSH = 32
#: Expected seconds per item and thread (about four answers), per batch, and for embedding.
_ANSWERS, _BATCH, _EMBEDDING = 12.0, 3600.0, 10.0


@dataclass(slots=True)
class _Buffer:
    """Buffer of results that are not written yet."""

    catalog: Catalog
    runs: list[RewriteRun] = field(default_factory=list)

    def add(self, run: RewriteRun) -> None:
        self.runs.append(run)
        if len(self.runs) >= FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write the rewrites first, so that every key in a run record exists."""
        rewrites = {run.key: run.rewrite for run in self.runs if run.rewrite is not None}
        self.catalog.store.rewrites.append_all(rewrites)
        self.catalog.store.rewrite_runs.add(self.runs)
        self.runs = []


class CatalogRewriting:
    """Runs the agent on one catalogue.

    Args:
        catalog: The catalogue.
        agent: The agent.
        ledger: Stores the agent's answers.
    """

    def __init__(self, catalog: Catalog, agent: ClaudeRewriter, ledger: Ledger) -> None:
        self._catalog, self._agent, self._ledger = catalog, agent, ledger

    def todo(
        self, item_ids: Iterable[str] | None = None, *, retry: bool = False,
        chosen: Callable[[Item], bool] = lambda item: True,
    ) -> list[Item]:  # fmt: skip
        """Return the items that the agent has not described in their present state, by id.

        Items whose text a person wrote, accepted or had revised are left out. Without ``retry``,
        items for which the agent gave no usable text are left out, too.

        Args:
            item_ids: Only these items; ``None`` means all.
            retry: Include items without a usable text.
            chosen: Tells which items may be among them.
        """
        store = self._catalog.store
        decided, latest = store.corrections.standing(), store.rewrite_runs.states()
        items = []
        for item_id, record in sorted(store.items.records(item_ids).items()):
            item = record.item
            if not chosen(item):
                continue
            if decided.of(ItemStage.REWRITE, item_id, item.photo.sha256):
                continue
            state, inputs = latest.get(item_id), inputs_key(item)
            if state is not None and state.inputs == inputs:
                if state.asked_by or state.key == rewrite_key(item, self._agent.fingerprint):
                    continue
                if not state.key and state.model == self._agent.name and not retry:
                    continue
            items.append(item)
        return items

    def begin(
        self,
        items: Sequence[Item],
        limits: JobLimits,
        models: IndexingModels,
        order: AgentOrder,
        *,
        author: str = "",
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> BegunJob[RewriteReport]:
        """Begin the agent's job, which describes items and embeds the changes.

        Args:
            items: Items to describe.
            limits: Budget, concurrency, batches.
            models: Models for embedding.
            order: The order, stored with the job for display.
            author: Name of the person who started it.
            on_progress: Called with each progress report.
            should_stop: Checked before each question, as are stop requests of any process.

        Raises:
            CatalogBusy: Another rewriting job runs on this catalogue.
            SettingsError: The model has no known price for a dollar budget.
        """
        prices, name = self._agent.messages.prices, self._agent.name
        budget = Budget(name, prices, dollars=limits.dollars, tokens=limits.tokens)
        seconds_each = (
            _BATCH / max(1, len(items)) if limits.batch else _ANSWERS / limits.concurrency
        )
        plan = (Stage("describing", len(items), seconds_each), Stage("embedding", 1, _EMBEDDING))
        reporter = rewriting_job(self._catalog.store.root).begin(
            plan, author=author, details=details(order), on_progress=on_progress
        )

        def work(reporter: JobReporter) -> RewriteReport:
            report = self.describe(items, limits, budget, models, reporter, should_stop)
            reporter.step(
                replace(report.progress, stage="embedding", message="Embedding what changed.")
            )
            report = self.embedded(report, models)
            state = JobState.STOPPED if reporter.stopping() else JobState.DONE
            progress = report.progress
            reporter.end(state, report.stopped, details(progress=progress, report=report))
            return report

        return BegunJob(reporter, work)

    def describe(
        self, items: Sequence[Item], limits: JobLimits, budget: Budget, models: IndexingModels,
        reporter: JobReporter, should_stop: Callable[[], bool],
        failed: dict[str, RewritingFailed] | None = None,
    ) -> RewriteReport:  # fmt: skip
        """Describe items within a begun job, and store their texts; nothing is embedded."""
        aborted = Event()

        def stop_requested() -> bool:
            return reporter.stopping() or should_stop()

        def report(progress: RewriteProgress) -> None:
            reporter.step(replace(progress, stage="describing"), details(progress=progress))

        agent = self._agent.for_job(
            budget, limits.patience, lambda: aborted.is_set() or stop_requested(), self._ledger
        )
        tally = Tally(len(items), lambda: agent.messages.meter.spent, report)
        buffer = _Buffer(self._catalog)

        def keep(item_id: str, run: RewriteRun) -> None:
            buffer.add(run)
            if run.rewrite is None:
                tally.failed(item_id, run.problem)
            else:
                tally.done()

        inputs = RewritingInputs(self._catalog, items, models)
        conversations = [self._conversation(agent, item, inputs) for item in items]
        tally.tell()
        runner = BatchRunner(
            agent.messages, self._ledger, budget,
            poll=limits.poll, patience=limits.patience, failed=failed,
        )  # fmt: skip
        try:
            if limits.batch:
                stopped = runner.run(
                    conversations, keep, tally, wait=limits.wait, should_stop=stop_requested
                )
            else:
                stopped = runner.live(
                    conversations,
                    keep,
                    tally,
                    concurrency=limits.concurrency,
                    should_stop=stop_requested,
                    aborted=aborted,
                )
        finally:
            buffer.flush()
        return RewriteReport(tally.state, tally.problems, stopped, troubled=runner.troubled)

    def embedded(self, report: RewriteReport, models: IndexingModels) -> RewriteReport:
        """Embed what changed; return the report with that, or with why not all is embedded."""
        try:
            return replace(report, embedded=self.embed(models))
        except CatalogError as problem:  # written texts and finished vectors are kept
            stopped = f"{report.stopped} Not all is embedded: {problem}".strip()
            return replace(report, stopped=stopped)

    def embed(self, models: IndexingModels) -> int:
        """Embed the items whose text in use is not embedded yet; return the number of vectors.

        While an indexing job runs, do nothing: the next indexing embeds them.
        """
        store = self._catalog.store
        decided: Corrections = store.corrections.standing()
        behind = [
            item_id
            for item_id, record in store.items.records(decided.agent).items()
            if models.corrected_by(decided).rewrite_key(record.item) != record.rewrite_key
        ]
        try:
            return redo(store, self._catalog.images, models, behind) if behind else 0
        except CatalogBusy:
            return 0

    def _conversation(
        self, agent: ClaudeRewriter, item: Item, inputs: RewritingInputs
    ) -> Conversation[RewriteRun]:
        def run(call: Answerer) -> RewriteRun:
            photo = photo_of(item, self._catalog.images)
            loop = agent.loop(item, photo, inputs.grounding(item))
            steps = loop.steps(2 * inputs.failures(item))
            # not of the box: a corrected box alone is no reason to pay for a text again
            key = rewrite_key(item, agent.fingerprint)
            return agent.run(item, steps, inputs=inputs_key(item), key=key, call=call)

        return Conversation(item.item_id, run)
