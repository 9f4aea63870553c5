"""The text of one item: its history, what people decide on it, and what they should look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.app.item_rows import ItemRows
from core.app.library import Catalog, Library
from core.app.models import ModelPool, agent_problem
from core.app.stored_groundings import stored_groundings
from core.base.content_key import content_key
from core.base.lazy import lazy
from core.domain import Rewrite, RewriteView, Round, Stage, WorthALook, Writer
from core.errors import (
    CatalogBusy,
    EngineUnavailable,
    QueryError,
    RewritingFailed,
    StudioError,
    WeightsUnavailable,
)
from core.language.answers import Unusable, usable
from core.language.listing import photo_of
from core.language.recorded import is_recorded
from core.language.review_queue import Reviewed, worth_a_look
from core.language.vocabulary import Vocabulary
from core.pipeline.redo import redo
from core.ports.keys import inputs_key

#: Engine whose vectors give the agreement of photo and rewritten text.
ENGINE = "vl-clip"

_LONGEST_HINT = 300


class ItemTexts:
    """Rewritten texts as people see, correct and check them: ``studio.item_texts``.

    Args:
        library: The catalogues.
        models: For the agent, and for embedding what changed.
        vocabularies: Folder of the word lists that the review queue compares texts with.
    """

    def __init__(self, library: Library, models: ModelPool, vocabularies: Path) -> None:
        self._library, self._models, self._vocabularies = library, models, vocabularies

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
            agent_off=agent_problem(self._models),
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
        return Vocabulary(self._vocabularies)

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


def _writer(rewrite: Rewrite | None, by_person: bool, by_agent: bool) -> Writer:
    if by_person or by_agent:
        return Writer.PERSON if by_person else Writer.AGENT
    recorded = rewrite is not None and is_recorded(rewrite)
    return Writer.RECORDING if recorded else Writer.RULES
