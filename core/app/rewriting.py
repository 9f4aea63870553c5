"""The rewriting agent over whole catalogues: ``studio.rewriting``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.app.library import Catalog, Library
from core.app.models import ModelPool, agent_problem
from core.app.shard_costs import plan_of, spent_in_shards
from core.domain import OnProgress, RewriteReport, Spent
from core.domain.usage import OpenBatch
from core.errors import CatalogBusy, no_item
from core.jobs import BegunJob
from core.language.limits import JobLimits
from core.language.orders import AgentOrder
from core.settings import Settings

if TYPE_CHECKING:
    from core.app.catalog_rewriting import CatalogRewriting
    from core.app.sharded_rewriting import ShardedRewriting


class RewritingService:
    """The rewriting agent's jobs, in shards and without, and what they cost."""

    def __init__(self, library: Library, models: ModelPool, settings: Settings) -> None:
        self._library, self._models, self._settings = library, models, settings

    def agent_off(self) -> str:
        """Return why the agent can't run; empty if it can."""
        return agent_problem(self._models)

    def spent(self) -> Spent:
        """Return the total cost in this data directory, with that of shards."""
        ledger, folder = self._models.ledger, self._settings.data_dir
        plans = (plan_of(folder, name) for name in self._library.names())
        return sum((spent_in_shards(plan, ledger) for plan in plans), ledger.spent())

    def rewrite(
        self,
        catalog: str | None = None,
        *,
        item_ids: Sequence[str] = (),
        limit: int | None = None,
        limits: JobLimits | None = None,
        retry: bool = False,
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> RewriteReport:
        """Let the agent describe the items that it has not described; resumable at any point.

        Args:
            catalog: Name of the catalogue; ``None`` is the default catalogue.
            item_ids: Only these items; empty means all.
            limit: Most items of this run.
            limits: Budget, concurrency, batches; ``None`` uses the settings.
            retry: Include items for which the agent gave no usable text before.
            on_progress: Called with each progress report.
            should_stop: Checked before each question.

        Raises:
            SettingsError: The agent is off, or its model has no known price for a dollar budget.
            CatalogBusy: Another rewriting job runs on this catalogue.
        """
        limits = limits or self.limits()
        order = AgentOrder(
            tuple(item_ids), limit, limits.dollars, limits.tokens, retry, limits.batch
        )
        return self.begin_rewrite(
            catalog, order, limits, on_progress=on_progress, should_stop=should_stop
        ).run()

    def begin_rewrite(
        self,
        catalog: str | None,
        order: AgentOrder,
        limits: JobLimits,
        *,
        author: str = "",
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> BegunJob[RewriteReport]:
        """Begin a catalogue's rewriting job; run it in any thread; raises as ``rewrite``."""
        opened_catalog = self._library.get(catalog)
        self._check_no_shards(opened_catalog.name)
        self._check_ids(opened_catalog, order.item_ids)
        job = self._job(opened_catalog)
        items = job.todo(order.item_ids or None, retry=order.retry)[: order.limit]
        begun = job.begin(
            items, limits, self._models.for_indexing(), order,
            author=author, on_progress=on_progress, should_stop=should_stop,
        )  # fmt: skip
        try:  # again: shards begin under the lock that this job has now
            self._check_no_shards(opened_catalog.name)
        except CatalogBusy as problem:
            begun.fail(problem)
            raise
        return begun

    def rewrite_shards(
        self,
        catalog: str | None = None,
        *,
        shards: int | None = None,
        only: Sequence[int] = (),
        limits: JobLimits | None = None,
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> RewriteReport:
        """Describe a catalogue in shards, by batches; any number of processes may do the same.

        Args:
            catalog: Name of the catalogue; ``None`` is the default catalogue.
            shards: Into how many; ``None`` for those of the open plan.
            only: Numbers of the shards that this process may take; empty for all.
            limits: One budget of all shards and processes; patience, waiting. Without dollars,
                an open plan keeps its own, and a new one takes those of the settings.
            on_progress: Called with each progress report.
            should_stop: Checked before each question and while waiting.

        Raises:
            SettingsError: The agent is off, the budget can't be kept, or the plan is another.
        """
        sharded = self._shards(self._library.get(catalog))
        limits = limits or replace(self.limits(), dollars=None)
        if limits.dollars is None and sharded.plan_file.active() is None:
            limits = replace(limits, dollars=self._settings.rewrite_budget)
        return sharded.run(limits, shards, only, on_progress=on_progress, should_stop=should_stop)

    def merge_shards(self, catalog: str | None = None) -> tuple[int, Spent]:
        """Copy the answers of a catalogue's shards into the ledger and end their plan.

        Returns: The number of answers that it lacked, and what the shards have spent.

        Raises:
            SettingsError: The agent is off, nothing is to be merged, or batches are to be fetched.
            CatalogBusy: A process works on a shard.
        """
        return self._shards(self._library.get(catalog)).merge()

    def limits(self) -> JobLimits:
        """Return the limits of a job from the settings."""
        return JobLimits(
            dollars=self._settings.rewrite_budget,
            concurrency=self._settings.rewrite_concurrency,
            patience=self._settings.rewrite_patience,
        )

    def agent_name(self) -> str:
        """Return the name of the agent's model; raises ``SettingsError`` if the agent is off."""
        return self._models.agent.name

    def left(self, catalog: str | None = None) -> int:
        """Return the number of items that the agent has not described in their present state."""
        return len(self._job(self._library.get(catalog)).todo())

    def folder(self, catalog: str | None = None) -> Path:
        """Return a catalogue's folder."""
        return self._library.get(catalog).store.root

    def open_batches(self) -> list[OpenBatch]:
        """Return the agent's submitted batches whose answers are not fetched, oldest first."""
        agent = self._models.agent
        batches = self._models.ledger.open_batches(agent.name, agent.messages.base_url)
        return [batch for batch in batches if "judge" not in batch.roles.values()]

    def _job(self, catalog: Catalog) -> CatalogRewriting:
        from core.app.catalog_rewriting import CatalogRewriting  # loads the SDK: a second or more

        return CatalogRewriting(catalog, self._models.agent, self._models.ledger)

    def _shards(self, catalog: Catalog) -> ShardedRewriting:
        from core.app.sharded_rewriting import ShardedRewriting  # loads the SDK

        return ShardedRewriting(
            catalog, self._models.agent, self._models.ledger, self._models.for_indexing(),
            self._settings.data_dir,
        )  # fmt: skip

    def _check_no_shards(self, catalog: str) -> None:
        plan = plan_of(self._settings.data_dir, catalog).active()
        if plan is not None:
            raise CatalogBusy(
                f"“{catalog}” is being described in {plan.shards} shards. Go on with `rewrite "
                f"--batch --wait --shards {plan.shards}`, or end that with `rewrite --merge`."
            )

    @staticmethod
    def _check_ids(catalog: Catalog, item_ids: Sequence[str]) -> None:
        unknown = set(item_ids) - set(catalog.store.items.get(item_ids)) if item_ids else set()
        if unknown:
            raise no_item(min(unknown), catalog.name)
