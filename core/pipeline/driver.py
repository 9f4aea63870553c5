"""Run tasks through the stages, chunk by chunk, while other threads read, prepare and write.

Worker threads read cached results, open photos and prepare pictures ahead of the models. Rewriting
runs between embedding pictures and embedding texts, because it uses the pictures' vectors. Another
thread writes. A chunk is written in the order groundings, rewrites, items, vectors: if the process
is killed, the inputs of every stored vector are stored too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field, replace

from core.base.flow import Writer, mapped_ahead
from core.domain import Grounding, Rewrite
from core.pipeline import stages
from core.pipeline.stages import Batch, Task
from core.ports.engines import IndexingModels, Photos
from core.store.catalog_store import COMPACT_AFTER, CatalogStore
from core.store.items import ItemRecord
from core.store.vectors import VectorRow


@dataclass(slots=True)
class Tally:
    """Counts and errors of a run.

    Attributes:
        per_stage: Number of new results per stage.
        errors: Stage and reason per item id.
    """

    per_stage: Counter[str] = field(default_factory=Counter)
    errors: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Prepared:
    tasks: list[Task]
    batches: list[Batch]
    groundings: dict[str, Grounding]

    @property
    def rewrites(self) -> dict[str, Rewrite]:
        """Rewrites made in this run, by key."""
        return {t.rewrite_key: t.rewrite for t in self.tasks if t.described and t.rewrite}


class Driver:
    """Run chunks of tasks with one set of models on one store."""

    def __init__(
        self,
        store: CatalogStore,
        photos: Photos,
        models: IndexingModels,
        writer: Writer,
        tally: Tally,
    ) -> None:
        self._store, self._photos, self._models = store, photos, models
        self._writer, self._tally = writer, tally
        self._writes = 0

    def run(self, chunks: Iterable[list[Task]]) -> Generator[list[Task], None, None]:
        """Run chunks through the stages; yield each chunk when its writes are queued."""
        loaded = mapped_ahead(self._load, chunks)
        grounded = (self._ground(chunk) for chunk in loaded)
        for prepared in mapped_ahead(self._prepare, grounded):
            rows = {
                batch.model.name: stages.embed(batch, self._models) for batch in prepared.batches
            }
            for task in prepared.tasks:  # tasks with up-to-date vectors that need only a rewrite
                if task.needs_rewrite:
                    stages.rewrite(task, self._models)
            self._settle(prepared, rows)
            yield prepared.tasks

    def _load(self, tasks: list[Task]) -> _Prepared:
        """Load cached results, and photos that a stage needs (in a worker thread)."""
        groundings = self._store.groundings.get(t.grounding_key for t in tasks if t.grounding_key)
        rewrites = self._store.rewrites.get(t.rewrite_key for t in tasks if t.rewrite_key)
        for task in tasks:
            stored = groundings.get(task.grounding_key)
            # The threshold may have changed since it was stored; the detections have not.
            task.grounding = stored and replace(stored, threshold=self._models.threshold)
            task.rewrite = rewrites.get(task.rewrite_key)
            if task.needs_grounding or task.needs_rewrite:
                stages.open_photo(task, self._photos)
        return _Prepared(tasks, [], {})

    def _ground(self, loaded: _Prepared) -> _Prepared:
        """Ground the tasks that need it (in the models' thread)."""
        ungrounded = [task for task in loaded.tasks if task.needs_grounding]
        if ungrounded:
            stages.ground(ungrounded, self._models)
        for task in ungrounded:
            if task.grounding is not None:
                loaded.groundings[task.grounding_key] = task.grounding
        return loaded

    def _prepare(self, grounded: _Prepared) -> _Prepared:
        """Prepare the pictures for the encoders (in a worker thread)."""
        grounded.batches = stages.prepare(grounded.tasks, self._models, self._photos)
        return grounded

    def _settle(self, chunk: _Prepared, rows: dict[str, list[VectorRow]]) -> None:
        """Count the results and queue their writes."""
        counts = self._tally.per_stage
        counts["grounding"] += len(chunk.groundings)
        described = chunk.rewrites
        counts["rewriting"] += len(described)
        counts["embedding"] += sum(map(len, rows.values()))
        for task in chunk.tasks:
            task.photo = None
            if task.error is not None:
                self._tally.errors[task.item.item_id] = task.error
        records = [r for r in map(_with_rewrite, chunk.tasks) if r is not None]

        def write() -> None:
            self._store.groundings.add(chunk.groundings)
            self._store.rewrites.add(described)
            self._store.items.upsert(records)
            for engine, new in rows.items():
                self._store.vectors(engine).upsert(new)
            self._writes += 1
            if self._writes % COMPACT_AFTER == 0:
                self._store.compact()

        self._writer.submit(write)


def _with_rewrite(task: Task) -> ItemRecord | None:
    """Return the record with its new rewrite; ``None`` if the stored rewrite is up to date."""
    if task.rewrite is None or task.record.rewrite_key == task.rewrite_key:
        return None
    return replace(task.record, rewrite=task.rewrite.text, rewrite_key=task.rewrite_key)
