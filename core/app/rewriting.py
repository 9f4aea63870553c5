"""What pages and commands can do with rewritten texts: ``studio.rewriting``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.app.library import Catalog, Library
from core.app.models import ModelPool
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
from core.language.review_queue import Reviewed, worth_a_look
from core.language.vocabulary import Vocabulary
from core.pipeline.redo import redo
from core.ports.keys import inputs_key
from core.settings import Settings

if TYPE_CHECKING:
    from core.app.catalog_rewriting import CatalogRewriting

#: The engine whose vectors tell how well photo and rewritten text agree.
ENGINE = "vl-clip"

_LONGEST_HINT = 300


class RewritingService:
    """The agent, people's decisions, and the queue of rewrites worth a look."""

    def __init__(self, library: Library, models: ModelPool, settings: Settings) -> None:
        self._library, self._models, self._settings = library, models, settings

    def agent_off(self) -> str:
        """Why the agent can't be asked; empty when it can."""
        try:
            _ = self._models.agent
        except SettingsError as problem:
            return str(problem)
        return ""

    def spent(self) -> Spent:
        """What was ever paid for in this data directory."""
        return self._models.ledger.spent()

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
        """Let the agent describe what it has not described yet; resumable at any point.

        Args:
            catalog: Which; ``None`` is the default one.
            item_ids: Only these items; empty means all.
            limit: So many items at most.
            limits: Budget, concurrency, batches; ``None`` takes the settings.
            retry: Also items for which it found no usable words.
            on_progress: Called with snapshots.
            should_stop: Asked between items.

        Raises:
            SettingsError: The agent is off, or a budget in dollars can't be kept.
            CatalogBusy: Another rewriting job is at work on this catalogue.
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
        """Take a catalogue's rewriting job, to be run in any thread; raises as ``rewrite``."""
        where = self._library.get(catalog)
        self._known(where, order.item_ids)
        job = self._job(where)
        items = job.todo(order.item_ids or None, retry=order.retry)[: order.limit]
        return job.begin(
            items, limits, self._models.for_indexing(), order,
            author=author, on_progress=on_progress, should_stop=should_stop,
        )  # fmt: skip

    def limits(self) -> JobLimits:
        """What the settings allow a job."""
        return JobLimits(
            dollars=self._settings.rewrite_budget,
            concurrency=self._settings.rewrite_concurrency,
            patience=self._settings.rewrite_patience,
        )

    def agent_name(self) -> str:
        """The model that is asked; raises ``SettingsError`` where the agent is off."""
        return self._models.agent.name

    def left(self, catalog: str | None = None) -> int:
        """Items that the agent has not described as they are now."""
        return len(self._job(self._library.get(catalog)).todo())

    def folder(self, catalog: str | None = None) -> Path:
        """Where a catalogue's own files lie."""
        return self._library.get(catalog).store.root

    def open_batches(self) -> list[OpenBatch]:
        """The agent's batches that were handed in and not fetched, oldest first."""
        agent = self._models.agent
        found = self._models.ledger.open_batches(agent.name, agent.messages.base_url)
        return [batch for batch in found if "judge" not in batch.roles.values()]

    # ── one item ─────────────────────────────────────────────────────────────────────────────
    def view(self, item_id: str, catalog: str | None = None) -> RewriteView:
        """An item's standing text and all that led to it; raises ``QueryError``."""
        where = self._library.get(catalog)
        item = where.store.item(item_id)
        store = where.store
        decided = store.corrections.standing()
        models = self._models.for_indexing()
        wanted = models.corrected_by(decided).rewrite_key(item)
        event = decided.of(Stage.REWRITE, item_id, item.photo.sha256)
        boxes = {key: one for key, one in decided.standing.items() if one.stage is Stage.GROUNDING}
        alone = replace(decided, standing=boxes)
        machine_key = models.corrected_by(alone).rewrite_key(item)
        stored = store.items.records([item_id])[item_id].rewrite_key  # until it is indexed anew
        found = store.rewrites.get([key for key in (wanted, machine_key, stored) if key])
        agent = decided.rewritten(item_id, inputs_key(item))
        row = store.vectors(ENGINE).get([item_id]).get(item_id)
        embedded = row is not None and row.rewrite_key == wanted
        history = store.corrections.history(item_id)
        return RewriteView(
            item=item,
            standing=found.get(wanted) or found.get(stored),
            writer=Writer.PERSON if event else Writer.AGENT if agent else Writer.RULES,
            machine=found.get(machine_key),
            decision=event,
            history=tuple(one for one in history if one.stage is Stage.REWRITE),
            runs=store.rewrite_runs.of(item_id),
            embedded=embedded,
            agreement=float(row.image_vector @ row.text_vector) if row and embedded else None,
            agent_off=self.agent_off(),
        )

    def edit(self, item_id: str, text: str, author: str, catalog: str | None = None) -> str:
        """Let a person's sentence stand for an item; returns a sentence on what happened.

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
        """Let the standing text stand as this person's decision."""
        before = self.view(item_id, catalog)
        if before.standing is None:
            raise QueryError("There is no text to accept yet: the indexer has not reached it.")
        if before.decision is not None and before.decision.author == author:
            return "Nothing changed: it is your decision already."
        text = before.standing.text
        accepted = Round(text, justification=f"Accepted by {author}.", stop=True)
        value = Rewrite(text, (*before.standing.rounds, accepted), author, "person")
        return self._decide(item_id, value, author, "accepted", catalog)

    def back_to_machine(self, item_id: str, author: str, catalog: str | None = None) -> str:
        """Give the item back to the machine's text."""
        if self.view(item_id, catalog).decision is None:
            return "Nothing changed: the machine's text stands already."
        return self._decide(item_id, None, author, "back to the machine", catalog)

    def another_round(
        self, item_id: str, hint: str, author: str, catalog: str | None = None
    ) -> str:
        """Let the agent go on from the standing text with a person's hint.

        Raises:
            SettingsError: The agent is off.
            RewritingFailed: It could not be asked, or wrote nothing usable; the text stays.
        """
        agent, where = self._models.agent, self._library.get(catalog)
        before = self.view(item_id, catalog)
        if before.standing is None:
            raise QueryError("There is no text to go on from yet.")
        item, wish = before.item, " ".join(hint.split())[:_LONGEST_HINT]
        inputs = inputs_key(item)
        key = content_key("hinted", inputs, agent.fingerprint, before.standing.text, wish)
        photo = photo_of(item, where.images)
        broken = sum(
            run.rewrite is None and (run.inputs, run.hint) == (inputs, wish) and bool(run.asked_by)
            for run in before.runs
        )  # an unusable answer is kept, so asking for the same again has to be another question
        standing = before.standing.text
        steps = agent.loop(item, photo).another_round(standing, wish, author, broken)
        run = agent.run(item, steps, inputs=inputs, key=key, hint=wish, asked_by=author)
        if run.rewrite is not None:
            where.store.rewrites.append(key, run.rewrite)
        where.store.rewrite_runs.add([run])
        if run.rewrite is None:
            raise RewritingFailed(f"{run.problem} The text stays as it was.")
        same = run.rewrite.text == standing
        if before.decision is not None and not same:
            note = "asked the agent for another round"
            where.store.corrections.correct(
                Stage.REWRITE, item, where.store.rewrites, None, author, note
            )
        went = "The agent changed nothing" if same else "The agent went on"
        return self._embed(where, item_id, f"{went} ({run.spent}).")

    # ── worth a look ─────────────────────────────────────────────────────────────────────────
    def worth_a_look(
        self, catalog: str | None = None, limit: int | None = None
    ) -> tuple[WorthALook, ...]:
        """Rewrites that a person should look at, most serious first."""
        where = self._library.get(catalog)
        store = where.store
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
            writer = Writer.PERSON if person else Writer.AGENT if agent else Writer.RULES
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
        where = self._library.get(catalog)
        item, store = where.store.item(item_id), where.store
        store.corrections.correct(Stage.REWRITE, item, store.rewrites, value, author, note)
        return self._embed(where, item_id, "Saved.")

    def _embed(self, where: Catalog, item_id: str, done: str) -> str:
        try:
            redo(where.store, where.images, self._models.for_indexing(), [item_id])
        except CatalogBusy:
            return f"{done} An indexing job is running: the next one embeds it."
        except (WeightsUnavailable, EngineUnavailable) as problem:
            return f"{done} It is not embedded yet: {problem}"
        except StudioError as problem:
            return f"{done} It could not be embedded: {problem}"
        return f"{done} The item is embedded anew."

    def _job(self, where: Catalog) -> CatalogRewriting:
        from core.app.catalog_rewriting import CatalogRewriting  # loads the SDK: a second or more

        return CatalogRewriting(where, self._models.agent, self._models.ledger)

    @staticmethod
    def _known(where: Catalog, item_ids: Sequence[str]) -> None:
        unknown = set(item_ids) - set(where.store.items.get(item_ids)) if item_ids else set()
        if unknown:
            raise no_item(min(unknown), where.name)
