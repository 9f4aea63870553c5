"""Rewritten texts for pages and commands: ``studio.rewriting``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.app.item_rows import ItemRows
from core.app.library import Catalog, Library
from core.app.models import ModelPool
from core.app.shard_costs import plan_of, spent_in_shards
from core.app.stored_groundings import stored_groundings
from core.base.content_key import content_key
from core.base.lazy import lazy
from core.domain import (
    OnProgress,
    Rewrite,
    RewriteReport,
    RewriteView,
    Round,
    Spent,
    Stage,
    WorthALook,
    Writer,
)
from core.domain.usage import OpenBatch
from core.errors import (
    CatalogBusy,
    EngineUnavailable,
    QueryError,
    RewritingFailed,
    SettingsError,
    StudioError,
    WeightsUnavailable,
    no_item,
)
from core.jobs import BegunJob
from core.language.answers import Unusable, usable
from core.language.limits import JobLimits
from core.language.listing import photo_of
from core.language.orders import AgentOrder
from core.language.recorded import is_recorded
from core.language.review_queue import Reviewed, worth_a_look
from core.language.vocabulary import Vocabulary
from core.pipeline.redo import redo
from core.ports.keys import inputs_key
from core.settings import Settings

if TYPE_CHECKING:
    from core.app.catalog_rewriting import CatalogRewriting
    from core.app.sharded_rewriting import ShardedRewriting

#: Engine whose vectors give the agreement of photo and rewritten text.
ENGINE = "vl-clip"

_LONGEST_HINT = 300


class RewritingService:
    """The rewriting agent, people's corrections of texts, and the review queue."""

    def __init__(self, library: Library, models: ModelPool, settings: Settings) -> None:
        self._library, self._models, self._settings = library, models, settings

    def agent_off(self) -> str:
        """Return why the agent can't run; empty if it can."""
        try:
            _ = self._models.agent
        except SettingsError as problem:
            return str(problem)
        return ""

    def spent(self) -> Spent:
        """Return the total cost in this data directory, with that of shards."""
        ledger, folder = self._models.ledger, self._settings.data_dir
        plans = (plan_of(folder, name) for name in self._library.names())
        return sum((spent_in_shards(plan, ledger) for plan in plans), ledger.spent())

    # ── whole catalogues ─────────────────────────────────────────────────────────────────────
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
        if limits.dollars is None and sharded.plan.active() is None:
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

    # ── one item ─────────────────────────────────────────────────────────────────────────────
    def view(
        self, item_id: str, catalog: str | None = None, rows: ItemRows | None = None
    ) -> RewriteView:
        """Return an item's text in use with its history; raises ``QueryError``.

        Args:
            item_id: The item.
            catalog: Name of the catalogue.
            rows: Its rows, where the caller shares them.
        """
        store = self._library.get(catalog).store
        rows = rows or ItemRows(store, item_id)
        record, item = rows.record, rows.record.item
        decided = store.corrections.standing()
        models = self._models.for_indexing()
        standing_key = models.corrected_by(decided).rewrite_key(item)
        event = decided.of(Stage.REWRITE, item_id, item.photo.sha256)
        boxes = {
            place: event
            for place, event in decided.standing.items()
            if event.stage is Stage.GROUNDING
        }
        alone = replace(decided, standing=boxes)
        machine_key = models.corrected_by(alone).rewrite_key(item)
        stored = record.rewrite_key  # until it is indexed anew
        rewrites = rows.rewrites(standing_key, machine_key, stored)
        agent = decided.rewritten(item_id, inputs_key(item))
        row = rows.vectors(ENGINE)
        embedded = row is not None and row.rewrite_key == standing_key
        history = store.corrections.history(item_id)
        standing = rewrites.get(standing_key) or rewrites.get(stored)
        return RewriteView(
            item=item,
            standing=standing,
            writer=_writer(standing, event is not None, bool(agent)),
            machine=rewrites.get(machine_key),
            decision=event,
            history=tuple(entry for entry in history if entry.stage is Stage.REWRITE),
            runs=store.rewrite_runs.of(item_id),
            embedded=embedded,
            agreement=float(row.image_vector @ row.text_vector) if row and embedded else None,
            agent_off=self.agent_off(),
        )

    def edit(self, item_id: str, text: str, author: str, catalog: str | None = None) -> str:
        """Store a person's text for an item and use it; return a sentence on the outcome.

        Raises:
            QueryError: The sentence can't be used, or there is no such item.
        """
        try:
            sentence = usable(text)
        except Unusable as problem:
            raise QueryError(f"This can't be the text: {problem}.") from None
        before = self.view(item_id, catalog)
        if before.standing is not None and sentence == before.standing.text:
            return self.accept(item_id, author, catalog)
        rounds = before.machine.rounds if before.machine else ()
        written = Round(sentence, justification=f"Written by {author}.", stop=True)
        value = Rewrite(sentence, (*rounds, written), author, "person")
        return self._decide(item_id, value, author, "edited", catalog)

    def accept(self, item_id: str, author: str, catalog: str | None = None) -> str:
        """Store the text in use as this person's decision."""
        before = self.view(item_id, catalog)
        if before.standing is None:
            raise QueryError("There is no text to accept yet: indexing has not reached this item.")
        if before.decision is not None and before.decision.author == author:
            return "Nothing changed: it is your decision already."
        text = before.standing.text
        accepted = Round(text, justification=f"Accepted by {author}.", stop=True)
        value = Rewrite(text, (*before.standing.rounds, accepted), author, "person")
        return self._decide(item_id, value, author, "accepted", catalog)

    def back_to_machine(self, item_id: str, author: str, catalog: str | None = None) -> str:
        """Withdraw a person's text, so that the machine's text is used again."""
        if self.view(item_id, catalog).decision is None:
            return "Nothing changed: the automatic text is in use already."
        return self._decide(item_id, None, author, "back to the automatic text", catalog)

    def another_round(
        self, item_id: str, hint: str, author: str, catalog: str | None = None
    ) -> str:
        """Let the agent revise the text in use with a person's hint.

        Raises:
            SettingsError: The agent is off.
            RewritingFailed: The agent failed or gave no usable text; the text does not change.
        """
        agent, opened_catalog = self._models.agent, self._library.get(catalog)
        before = self.view(item_id, catalog)
        if before.standing is None:
            raise QueryError("There is no text to go on from yet.")
        item, wish = before.item, " ".join(hint.split())[:_LONGEST_HINT]
        inputs = inputs_key(item)
        key = content_key("hinted", inputs, agent.fingerprint, before.standing.text, wish)
        photo = photo_of(item, opened_catalog.images)
        broken = sum(
            run.rewrite is None and (run.inputs, run.hint) == (inputs, wish) and bool(run.asked_by)
            for run in before.runs
        )  # an unusable answer is kept, so asking for the same again has to be another question
        standing = before.standing.text
        models = self._models.for_indexing()
        grounding = stored_groundings(opened_catalog, [item], models).get(item.item_id)
        steps = agent.loop(item, photo, grounding).another_round(standing, wish, author, broken)
        run = agent.run(item, steps, inputs=inputs, key=key, hint=wish, asked_by=author)
        if run.rewrite is not None:
            opened_catalog.store.rewrites.append(key, run.rewrite)
        opened_catalog.store.rewrite_runs.add([run])
        if run.rewrite is None:
            raise RewritingFailed(f"{run.problem} The text stays as it was.")
        same = run.rewrite.text == standing
        if before.decision is not None and not same:
            note = "asked the agent for another round"
            opened_catalog.store.corrections.correct(
                Stage.REWRITE, item, opened_catalog.store.rewrites, None, author, note
            )
        went = "The agent changed nothing" if same else "The agent went on"
        return self._embed(opened_catalog, item_id, f"{went} ({run.spent}).")

    # ── worth a look ─────────────────────────────────────────────────────────────────────────
    def worth_a_look(
        self, catalog: str | None = None, limit: int | None = None
    ) -> tuple[WorthALook, ...]:
        """Return the rewritten texts that a person should check, most serious first."""
        opened_catalog = self._library.get(catalog)
        store = opened_catalog.store
        decided, runs = store.corrections.standing(), store.rewrite_runs.latest()
        records = store.items.records()
        rewrites = store.rewrites.get(r.rewrite_key for r in records.values() if r.rewrite_key)
        agreement = store.vectors(ENGINE).agreements()
        entries = []
        for item_id, record in records.items():
            rewrite, item = rewrites.get(record.rewrite_key), record.item
            if rewrite is None:
                continue
            inputs = inputs_key(item)
            person = decided.of(Stage.REWRITE, item_id, item.photo.sha256)
            agent = decided.rewritten(item_id, inputs)
            writer = _writer(rewrite, person is not None, bool(agent))
            run = runs.get(item_id)
            run = run if run is not None and run.inputs == inputs else None
            entries.append(Reviewed(item, rewrite, writer, run, agreement.get(item_id)))
        return tuple(worth_a_look(self._vocabulary, entries)[:limit])

    @lazy
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._settings.shipped / "vocabularies")

    # ── helpers ──────────────────────────────────────────────────────────────────────────────
    def _decide(
        self, item_id: str, value: Rewrite | None, author: str, note: str, catalog: str | None
    ) -> str:
        opened_catalog = self._library.get(catalog)
        item, store = opened_catalog.store.item(item_id), opened_catalog.store
        store.corrections.correct(Stage.REWRITE, item, store.rewrites, value, author, note)
        return self._embed(opened_catalog, item_id, "Saved.")

    def _embed(self, catalog: Catalog, item_id: str, done: str) -> str:
        try:
            redo(catalog.store, catalog.images, self._models.for_indexing(), [item_id])
        except CatalogBusy:
            return f"{done} An indexing job is running: searches use it after the next one."
        except (WeightsUnavailable, EngineUnavailable) as problem:
            return f"{done} It is not searchable with this text yet: {problem}"
        except StudioError as problem:
            return f"{done} It could not be made searchable with this text: {problem}"
        return f"{done} Searches use it now."

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


def _writer(rewrite: Rewrite | None, by_person: bool, by_agent: bool) -> Writer:
    if by_person or by_agent:
        return Writer.PERSON if by_person else Writer.AGENT
    recorded = rewrite is not None and is_recorded(rewrite)
    return Writer.RECORDING if recorded else Writer.RULES
