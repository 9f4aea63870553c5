"""Describe a catalogue in shards: several processes or machines, one budget, a ledger per shard.

A process passes over the shards that no other one has: it fetches the answers that have come, goes
on with the conversations, hands in the next batches, and lets go of the shard. So any number of
processes may begin, end or be killed at any time. Equal items are in the same shard, so no question
is paid for in two.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.app.catalog_rewriting import CatalogRewriting
from core.app.library import Catalog
from core.app.shard_costs import plan_of
from core.base.locks import START, file_lock
from core.domain import Item, OnProgress, RewriteProgress, RewriteReport
from core.domain.usage import NOTHING, IntendedBatch, OpenBatch, Spent
from core.errors import CatalogBusy, RewritingFailed, SettingsError, StudioError
from core.jobs import JobFile, JobReporter, Stage
from core.language.claude import ClaudeRewriter
from core.language.failures import Rejected, Troubled
from core.language.limits import JobLimits
from core.language.message_batches import BatchRunner
from core.language.orders import rewriting_job, shard_job
from core.language.shard_budget import ShardBudget
from core.language.shard_plan import COPYING, MERGED, MERGING, OPEN, Plan
from core.ports.engines import IndexingModels
from core.ports.keys import inputs_key
from core.store.database import version_of
from core.store.ledger import Ledger, ShardLedger

#: Expected seconds per item of a shard.
_SECONDS_EACH = 1.0
#: Digits of an item's key that choose its shard.
_DIGITS = 15


@dataclass(frozen=True, slots=True)
class ShardState:
    """The state of a shard after a pass.

    Attributes:
        report: What the pass did; ``None`` if another process has the shard.
        waiting: Whether answers are still to come, or another process has the shard.
        troubled: Whether the server could not be asked; a later pass may do so.
    """

    report: RewriteReport | None = None
    waiting: bool = True
    troubled: bool = False

    @property
    def ended(self) -> bool:
        """Whether all of its items are described, as far as they can be."""
        complete = self.report is not None and not self.report.stopped
        return complete and not (self.waiting or self.troubled)


class ShardedRewriting:
    """Runs the agent over the shards of one catalogue.

    Args:
        catalog: The catalogue.
        agent: The agent.
        ledger: The data directory's ledger; it is read while shards run, and takes in theirs.
        models: Models of the groundings, and for embedding.
        data_dir: The data directory.
        sleep: Waits.
    """

    def __init__(
        self, catalog: Catalog, agent: ClaudeRewriter, ledger: Ledger, models: IndexingModels,
        data_dir: Path, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._catalog, self._agent, self._ledger = catalog, agent, ledger
        self._models, self._sleep = models, sleep
        self._failed: dict[str, RewritingFailed] = {}
        #: Version of the items and number of shards, and the ids of each shard's items.
        self._members: tuple[tuple[int, int], list[list[str]]] = ((-1, 0), [])
        self.plan_file = plan_of(data_dir, catalog.name)

    def run(
        self,
        limits: JobLimits,
        shards: int | None = None,
        only: Sequence[int] = (),
        *,
        on_progress: OnProgress | None = None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> RewriteReport:
        """Pass over the shards until they wait for batches, or with ``limits.wait`` until all end.

        Args:
            limits: Budget of all shards together, patience, waiting.
            shards: Into how many; ``None`` for those of the open plan.
            only: Numbers of the shards that this process may take; empty for all.
            on_progress: Called with each progress report of a shard.
            should_stop: Checked before each shard and while waiting.

        Returns: What this process has done, and what it spent on it.

        Raises:
            SettingsError: The plan has another number of shards, the budget can't be kept, or
                batches without shards are still to be fetched.
            CatalogBusy: The agent describes the catalogue without shards.
            RewritingFailed: The server can't be asked for batches without shards.
        """
        prices, name = self._agent.messages.prices, self._agent.name
        if limits.dollars is not None and not prices.knows(name):
            raise SettingsError(f"{name} has no price in data/prices.toml; give --max-tokens.")
        plan = self._begin(shards, limits, should_stop)
        if unknown := [number for number in only if not 0 <= number < plan.shards]:
            raise SettingsError(f"There are shards 0 to {plan.shards - 1}; got {unknown[0]}.")
        left = list(only) or list(range(plan.shards))
        job = CatalogRewriting(self._catalog, self._agent, self._ledger)
        total, troubled = RewriteReport(RewriteProgress(), {}), 0.0
        while True:
            states = {
                number: self._pass(number, plan, limits, on_progress, should_stop)
                for number in left
                if not should_stop()
            }
            total = _sum(total, list(states.values()))
            if should_stop():
                total = replace(total, stopped="It was stopped; the batches go on.")
                break
            left = [number for number in left if not states[number].ended]
            in_trouble = any(states[number].troubled for number in left)
            troubled = troubled + max(limits.poll, 1.0) if in_trouble else 0.0
            waits = any(states[number].waiting or states[number].troubled for number in left)
            if not limits.wait or not waits or troubled > limits.patience:
                break
            self._pause(limits.poll, should_stop)
        return job.embedded(total, self._models)

    def merge(self) -> tuple[int, Spent]:
        """Copy the shards' answers into the data directory's ledger and end the plan.

        Returns: The number of answers that it lacked, and what the shards have spent.

        Raises:
            SettingsError: There is no open plan, or batches are still to be fetched.
            CatalogBusy: A process works on a shard.
        """
        with file_lock(
            self.plan_file.merging, START, "The shards are being merged already.", CatalogBusy
        ):
            plan = self.plan_file.active()
            if plan is None:
                self.plan_file.delete_merged()
                raise SettingsError(f"“{self._catalog.name}” has no shards to merge.")
            ledgers = [self._ledger_of(number, plan) for number in range(plan.shards)]
            if plan.state != COPYING:  # else a merge was killed after its checks
                self._close_shards(plan, ledgers)
            added = sum(self._ledger.take_in(ledger) for ledger in ledgers)
            spent = sum((ledger.spent() for ledger in ledgers), NOTHING)
            self.plan_file.set_state(MERGED)
            self.plan_file.delete_merged()
        return added, spent

    def _close_shards(self, plan: Plan, ledgers: Sequence[ShardLedger]) -> None:
        """Keep all processes from beginning with a shard; raise if one has not ended."""
        self.plan_file.set_state(MERGING)
        try:
            for number, ledger in enumerate(ledgers):
                self._check_ended(number, plan, ledger)
        except StudioError:
            self.plan_file.set_state(OPEN)
            raise
        self.plan_file.set_state(COPYING)

    def _begin(
        self, shards: int | None, limits: JobLimits, should_stop: Callable[[], bool]
    ) -> Plan:
        """Return the open plan, or begin one where no job without shards may ask the same."""
        try:
            if self.plan_file.active() is None:
                with rewriting_job(self._catalog.store.root).locked():
                    if self.plan_file.active() is None:
                        self._check_none_under_way(limits, should_stop)
                        self.plan_file.delete_merged()
                    return self.plan_file.open(shards, limits.dollars, limits.tokens)
        except CatalogBusy:
            if self.plan_file.active() is None:  # else one of many processes has just begun it
                raise
        return self.plan_file.open(shards, limits.dollars, limits.tokens)

    def _check_none_under_way(self, limits: JobLimits, should_stop: Callable[[], bool]) -> None:
        """Raise ``SettingsError`` where a job without shards may have asked the same questions."""
        agent = self._agent.for_job(None, limits.patience, should_stop, self._ledger)
        BatchRunner(agent.messages, self._ledger).news()
        if any("judge" not in batch.roles.values() for batch in self._under_way(self._ledger)):
            raise SettingsError(
                "Answers of batches that were handed in without shards are still to come. Fetch "
                "them first: `rewrite --batch --wait`."
            )

    def _check_ended(self, number: int, plan: Plan, ledger: ShardLedger) -> None:
        with self._job(number, plan).locked():
            if _all_under_way(ledger):  # also those of a model that was taken before
                raise SettingsError(
                    f"Shard {number} waits for answers of a batch; fetch them first, with the "
                    "model that was asked."
                )

    def _pass(
        self, number: int, plan: Plan, limits: JobLimits, on_progress: OnProgress | None,
        should_stop: Callable[[], bool],
    ) -> ShardState:  # fmt: skip
        job = self._job(number, plan)
        if job.busy_now():
            return ShardState()
        try:
            begun = job.begin((Stage("describing", 0, _SECONDS_EACH),), on_progress=on_progress)
        except CatalogBusy:
            return ShardState()
        with begun as reporter:
            now = self.plan_file.active()
            if now is None or now.number != plan.number:
                raise SettingsError("The shards were merged meanwhile.")
            if now.state != OPEN:  # a merge checks whether all has ended; it may open them again
                return ShardState()
            return self._go_on(number, plan, limits, reporter, should_stop)

    def _go_on(
        self, number: int, plan: Plan, limits: JobLimits, reporter: JobReporter,
        should_stop: Callable[[], bool],
    ) -> ShardState:  # fmt: skip
        ledger = self._ledger_of(number, plan)
        agent = self._agent.for_job(None, limits.patience, should_stop, ledger)
        try:
            waits, news = BatchRunner(agent.messages, ledger, failed=self._failed).news()
        except (Troubled, Rejected) as problem:
            paid = RewriteProgress(spent=agent.messages.meter.spent)
            failed = RewriteReport(paid, {}, str(problem))
            return ShardState(failed, False, troubled=isinstance(problem, Troubled))
        if waits and not news:
            count = sum(len(batch.roles) for batch in self._under_way(ledger))
            sentence = "Answers of batches are still to come. Run it again to fetch them."
            return ShardState(RewriteReport(RewriteProgress(waiting=count), {}, sentence))
        reserved = sum((batch.most for batch in _all_under_way(ledger)), NOTHING)
        messages = self._agent.messages
        budget = ShardBudget(
            messages.model, messages.prices, self.plan_file, number, ledger.spent(), reserved
        )
        shard = CatalogRewriting(self._catalog, self._agent, ledger)
        items = shard.todo(
            self._ids_of(number, plan),
            chosen=lambda item: shard_of(item, plan.shards) == number,  # as it is by now
        )
        once = replace(limits, batch=True, wait=False)
        try:
            report = shard.describe(
                items, once, budget, self._models, reporter, should_stop, self._failed
            )
        finally:
            budget.close()
        spent = agent.messages.meter.spent + report.progress.spent
        report = replace(report, progress=replace(report.progress, spent=spent))
        return ShardState(report, bool(self._under_way(ledger)), report.troubled)

    def _ids_of(self, number: int, plan: Plan) -> list[str]:
        """Return the ids of a shard's items; all listings are read only when one has changed."""
        table = self._catalog.store.items
        state = (version_of(table.table), plan.shards)
        if self._members[0] != state:
            members: list[list[str]] = [[] for _ in range(plan.shards)]
            for item_id, record in table.records().items():
                members[shard_of(record.item, plan.shards)].append(item_id)
            self._members = (state, members)
        return self._members[1][number]

    def _under_way(self, ledger: Ledger) -> list[OpenBatch | IntendedBatch]:
        name, server = self._agent.name, self._agent.messages.base_url
        return [*ledger.open_batches(name, server), *ledger.intended_batches(name, server)]

    def _job(self, number: int, plan: Plan) -> JobFile:
        return shard_job(self.plan_file.shard(number, plan), self._catalog.name, number)

    def _pause(self, seconds: float, should_stop: Callable[[], bool]) -> None:
        while seconds > 0 and not should_stop():
            self._sleep(min(seconds, 1.0))
            seconds -= 1.0

    def _ledger_of(self, number: int, plan: Plan) -> ShardLedger:
        return ShardLedger(self._ledger, self.plan_file.shard(number, plan))


def _all_under_way(ledger: Ledger) -> list[OpenBatch | IntendedBatch]:
    """Return the batches under way of any model and server: all of them are paid for."""
    return [*ledger.open_batches(), *ledger.intended_batches()]


def shard_of(item: Item, shards: int) -> int:
    """Return an item's shard, by a hash of all that the agent is told of it."""
    return int(inputs_key(item)[:_DIGITS], 16) % shards


def _sum(total: RewriteReport, states: Sequence[ShardState]) -> RewriteReport:
    """Add what passes did; what waits is that of the latest passes."""
    reports = [state.report for state in states if state.report is not None]
    problems = dict(total.problems)
    for report in reports:
        problems |= report.problems
    waiting = sum(report.progress.waiting for report in reports)
    done = total.progress.done + sum(report.progress.done for report in reports)
    progress = RewriteProgress(
        total=done + len(problems) + waiting,
        done=done,
        failed=len(problems),
        waiting=waiting,
        spent=sum((report.progress.spent for report in reports), total.progress.spent),
    )
    stopped = next((report.stopped for report in reports if report.stopped), "")
    return RewriteReport(progress, problems, stopped)
