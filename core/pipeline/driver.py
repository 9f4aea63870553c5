"""Run tasks through the stages while other threads read, prepare and write.

Worker threads open photos, ground them and prepare pictures ahead of the encoders, as far as the
memory goes that they may take. What is ready is embedded at once, several items in one pass where
the encoder is the slowest part. Rewriting runs between embedding pictures and embedding texts,
because it uses the pictures' vectors. Another thread writes what has gathered, in the order
groundings, rewrites, items, vectors: if the process is killed, the inputs of every stored vector
are stored too.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from core.base.flow import Writer, chunks, mapped_ahead
from core.base.keyed_locks import KeyedLocks
from core.base.memory import free_bytes
from core.base.recent import Recent
from core.domain import Grounding, ImageView, Rewrite
from core.pipeline import stages
from core.pipeline.stages import Batch, Task
from core.ports.engines import EngineModel, IndexingModels, Photos
from core.ports.grounder import BatchGrounder
from core.store.catalog_store import COMPACT_AFTER, CatalogStore
from core.store.items import ItemRecord
from core.store.vectors import VectorRow

#: Memory for photos under way where no setting says otherwise, bytes.
ROOM = 256 * 2**20
#: Most items in one pass of an encoder, where the memory goes that far.
MODEL_BATCH = 32
#: Memory of one picture in a pass of a large image tower (ViT-L at 256 pixels), bytes.
_PASS = 64 * 2**20
#: Number of items whose stored results are read at once.
_LOOK_UP = 64
#: Number of new groundings that are kept for further items with the same photo.
_KEPT = 256
#: Copies of a decoded photo that preparing it makes: itself, a view, their scaled rows.
_COPIES = 3
#: Bytes per task besides its photo: the encoders' inputs and its records.
_INPUTS = 2**20


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
    """Writes results into a catalogue's tables; used by the one thread of a ``Writer``."""

    def __init__(self, store: CatalogStore) -> None:
        self._store, self._writes = store, 0

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
        self._store.groundings.add(groundings)
        self._store.rewrites.add(rewrites)
        self._store.items.upsert(list(records.values()))
        for engine, latest in rows.items():
            self._store.vectors(engine).upsert(list(latest.values()))
        self._writes += 1
        if self._writes % COMPACT_AFTER == 0:
            self._store.compact()


class Driver:
    """Run tasks with one set of models on one store.

    Args:
        store: The catalogue's tables.
        photos: The catalogue's photos.
        models: The engines and the models of the stages.
        writer: Takes the results.
        tally: Counts the results.
        room: Memory for photos under way, bytes.
        workers: Number of threads that prepare photos; 0 for one per core.
        whole: Engines of whole photos, whose stored vectors other engines may use, too.
    """

    def __init__(
        self,
        store: CatalogStore,
        photos: Photos,
        models: IndexingModels,
        writer: Writer[Results],
        tally: Tally,
        *,
        room: int = ROOM,
        workers: int = 0,
        whole: Sequence[EngineModel] = (),
    ) -> None:
        self._store, self._photos, self._models = store, photos, models
        self._writer, self._tally = writer, tally
        self._room, self._workers = room, workers or os.cpu_count() or 1
        self._recent: Recent[Grounding] = Recent(_KEPT)
        self._grounding = KeyedLocks()
        #: Keys of new groundings; the first item with one writes it, before its vectors.
        self._unwritten: set[str] = set()
        self._whole = [m for m in whole if m.engine.image_view is ImageView.PHOTO]

    def run(self, tasks: Iterable[Task]) -> Generator[list[Task], None, None]:
        """Run tasks through the stages, in order; yield those whose results are queued."""
        ahead = mapped_ahead(
            self._prepare,
            self._grounded(self._looked_up(tasks)),
            weigh=_weight,
            room=self._room,
            most=max(1, min(MODEL_BATCH, free_bytes() // 4 // _PASS)),
            workers=self._workers,
        )
        with closing(ahead) as ready:
            for prepared in ready:
                done = [task for task, _ in prepared]
                batches = stages.merged([batch for _, made in prepared for batch in made])
                rows: dict[str, list[VectorRow]] = {}
                for batch in batches:
                    embedded = stages.embed(batch, self._models)
                    rows.setdefault(batch.model.name, []).extend(embedded)
                for task in done:  # tasks with up-to-date vectors that need only a rewrite
                    if task.needs_rewrite:
                        stages.rewrite(task, self._models)
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

    def _grounded(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Ground several photos in one pass where the grounder can."""
        if not isinstance(self._models.grounder, BatchGrounder):
            yield from tasks
            return
        for group in chunks(tasks, self._models.grounder.batch_size):
            for task in group:
                task.grounding = task.grounding or self._recent.get(task.grounding_key)
            # of items with one photo, the first is grounded
            missing = {task.grounding_key: task for task in reversed(group) if task.needs_grounding}
            for task in missing.values():
                stages.open_photo(task, self._photos)
            stages.ground([t for t in missing.values() if t.error is None], self._models)
            for task in missing.values():
                self._note_grounding(task)
            for task in group:
                task.grounding = task.grounding or self._recent.get(task.grounding_key)
            yield from group

    def _prepare(self, task: Task) -> tuple[Task, list[Batch]]:
        """Ground the photo and prepare the encoders' pictures (in a worker thread)."""
        wanted = task.needs_grounding or task.needs_rewrite
        if task.photo is None and task.item.has_photo and wanted:
            stages.open_photo(task, self._photos)
        if task.needs_grounding:
            with self._grounding.hold(task.grounding_key):
                task.grounding = self._recent.get(task.grounding_key)
                if task.grounding is None:
                    stages.ground([task], self._models)
                    self._note_grounding(task)
        return task, stages.prepare(task, self._models, self._photos)

    def _note_grounding(self, task: Task) -> None:
        """Keep a new grounding for further items with the same photo and product type."""
        if task.grounding is not None:
            self._unwritten.add(task.grounding_key)
            self._recent.put(task.grounding_key, task.grounding)

    def _settle(self, tasks: Sequence[Task], rows: dict[str, list[VectorRow]]) -> None:
        """Count the results and queue their writes."""
        results = Results(
            groundings={
                t.grounding_key: t.grounding
                for t in tasks
                if t.grounding and t.grounding_key in self._unwritten
            },
            rewrites={t.rewrite_key: t.rewrite for t in tasks if t.described and t.rewrite},
            records=[record for record in map(_with_rewrite, tasks) if record is not None],
            rows=rows,
        )
        self._unwritten.difference_update(results.groundings)
        counts = self._tally.per_stage
        counts["grounding"] += len(results.groundings)
        counts["rewriting"] += len(results.rewrites)
        counts["embedding"] += sum(map(len, rows.values()))
        for task in tasks:
            task.photo = None
            if task.error is not None:
                self._tally.errors[task.item.item_id] = task.error
        self._writer.submit(results)


def _weight(task: Task) -> int:
    """Return the bytes that a task may take while it is under way."""
    photo = task.item.photo
    return _INPUTS + _COPIES * 3 * photo.width * photo.height


def _with_rewrite(task: Task) -> ItemRecord | None:
    """Return the record with its new rewrite; ``None`` if the stored rewrite is up to date."""
    if task.rewrite is None or task.record.rewrite_key == task.rewrite_key:
        return None
    return replace(task.record, rewrite=task.rewrite.text, rewrite_key=task.rewrite_key)
