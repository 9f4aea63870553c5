"""Drive tasks: look up what is stored, let the stages run, count and write the results.

Where the stages run is the business of a ``Stages`` object: in threads of this process
(``LocalStages``) or on the workers of a cluster (``RemoteStages``). Another thread writes what has
gathered, in the order groundings, rewrites, items, vectors: if the process is killed, the inputs of
every stored vector are stored too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Protocol

from core.base.flow import Writer, chunks
from core.domain import Grounding, ImageView, Rewrite
from core.pipeline.stages import Task
from core.ports.engines import EngineModel, IndexingModels
from core.store.catalog_store import COMPACT_AFTER, CatalogStore
from core.store.items import ItemRecord
from core.store.vectors import VectorRow

#: Number of items whose stored results are read at once.
_LOOK_UP = 64


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
class Results:
    """What is to be stored of some items.

    Attributes:
        groundings: New groundings by key.
        rewrites: New rewrites by key.
        records: New and changed items.
        rows: New vectors by engine.
    """

    groundings: dict[str, Grounding] = field(default_factory=dict)
    rewrites: dict[str, Rewrite] = field(default_factory=dict)
    records: list[ItemRecord] = field(default_factory=list)
    rows: dict[str, list[VectorRow]] = field(default_factory=dict)


class ResultWriter:
    """Writes results into a catalogue's tables; used by the one thread of a ``Writer``.

    Args:
        store: The catalogue's tables.
        check: Called before each table is written; raises where the job must not write any more.
    """

    def __init__(self, store: CatalogStore, check: Callable[[], None] = lambda: None) -> None:
        self._store, self._check, self._writes = store, check, 0

    def __call__(self, results: list[Results]) -> None:
        """Write results, the oldest first; of an item that is there twice, the last."""
        groundings: dict[str, Grounding] = {}
        rewrites: dict[str, Rewrite] = {}
        records: dict[str, ItemRecord] = {}
        rows: dict[str, dict[str, VectorRow]] = {}
        for result in results:
            groundings |= result.groundings
            rewrites |= result.rewrites
            records |= {record.item.item_id: record for record in result.records}
            for engine, new in result.rows.items():
                rows.setdefault(engine, {}).update({row.item_id: row for row in new})
        self._check()
        self._store.groundings.add(groundings)
        self._check()
        self._store.rewrites.add(rewrites)
        self._check()
        self._store.items.upsert(list(records.values()))
        for engine, latest in rows.items():
            self._check()
            self._store.vectors(engine).upsert(list(latest.values()))
        self._writes += 1
        if self._writes % COMPACT_AFTER == 0:
            self._store.compact()


class Stages(Protocol):
    """Protocol of what runs tasks through the stages."""

    def run(
        self, tasks: Iterable[Task]
    ) -> Generator[tuple[list[Task], dict[str, list[VectorRow]]], None, None]:
        """Run tasks; yield those that are done with their new vectors by engine.

        The results and errors of the other stages are stored in the tasks.
        """
        ...


class Driver:
    """Run tasks with one set of models on one store.

    Args:
        store: The catalogue's tables.
        models: The engines and the models of the stages.
        writer: Takes the results.
        tally: Counts the results.
        stages: Runs the tasks.
        whole: Engines of whole photos, whose stored vectors other engines may use, too.
    """

    def __init__(
        self,
        store: CatalogStore,
        models: IndexingModels,
        writer: Writer[Results],
        tally: Tally,
        stages: Stages,
        *,
        whole: Sequence[EngineModel] = (),
    ) -> None:
        self._store, self._models, self._stages = store, models, stages
        self._writer, self._tally = writer, tally
        self._whole = [m for m in whole if m.engine.image_view is ImageView.PHOTO]

    def run(self, tasks: Iterable[Task]) -> Generator[list[Task], None, None]:
        """Run tasks through the stages; yield those whose results are queued."""
        with closing(self._stages.run(self._looked_up(tasks))) as running:
            for done, rows in running:
                self._settle(done, rows)
                yield done

    def _looked_up(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Read the stored results of tasks; those that need none are not held up."""
        if not any(model.needs_grounding or model.needs_rewrite for model in self._models.engines):
            yield from tasks
            return
        for group in chunks(tasks, _LOOK_UP):
            keys = [task.grounding_key for task in group if task.grounding_key]
            groundings = self._store.groundings.get(keys)
            rewrites = self._store.rewrites.get(t.rewrite_key for t in group if t.rewrite_key)
            self._look_up_wholes(group)
            for task in group:
                stored = groundings.get(task.grounding_key)
                # The threshold may have changed since it was stored; the detections have not.
                task.grounding = stored and replace(stored, threshold=self._models.threshold)
                task.rewrite = rewrites.get(task.rewrite_key)
                yield task

    def _look_up_wholes(self, tasks: Sequence[Task]) -> None:
        """Read the vectors of whole photos that another engine with the same towers has."""
        wanted = {m.encoder.fingerprint for m in self._models.engines if m.engine.mixes_photos}
        for model in self._whole:
            if model.encoder.fingerprint not in wanted:
                continue
            stored = self._store.vectors(model.name).get(task.item.item_id for task in tasks)
            for task in tasks:
                row = stored.get(task.item.item_id)
                if row is not None and row.key == self._models.vector_key(model, task.item):
                    task.wholes[model.encoder.fingerprint] = row.image_vector

    def _settle(self, tasks: Sequence[Task], rows: dict[str, list[VectorRow]]) -> None:
        """Count the results and queue their writes."""
        results = Results(
            groundings={t.grounding_key: t.grounding for t in tasks if t.grounded and t.grounding},
            rewrites={t.rewrite_key: t.rewrite for t in tasks if t.described and t.rewrite},
            records=[record for record in map(_with_rewrite, tasks) if record is not None],
            rows=rows,
        )
        counts = self._tally.per_stage
        counts["grounding"] += len(results.groundings)
        counts["rewriting"] += len(results.rewrites)
        counts["embedding"] += sum(map(len, rows.values()))
        for task in tasks:
            if task.error is not None:
                self._tally.errors[task.item.item_id] = task.error
        self._writer.submit(results)


def _with_rewrite(task: Task) -> ItemRecord | None:
    """Return the record with its new rewrite; ``None`` if the stored rewrite is up to date."""
    if task.rewrite is None or task.record.rewrite_key == task.rewrite_key:
        return None
    return replace(task.record, rewrite=task.rewrite.text, rewrite_key=task.rewrite_key)
