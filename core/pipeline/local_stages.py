"""Run tasks through the stages on this machine.

Worker threads open photos, ground them and prepare pictures ahead of the encoders, as far as the
memory goes that they may take. What is ready is embedded at once, several items in one pass where
the encoder is the slowest part. Rewriting runs between embedding pictures and embedding texts,
because it uses the pictures' vectors.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing

from core.base.flow import chunks, mapped_ahead
from core.base.keyed_locks import KeyedLocks
from core.base.memory import free_bytes
from core.base.recent import Recent
from core.domain import Grounding
from core.pipeline import stages
from core.pipeline.stages import Batch, Task
from core.ports.engines import IndexingModels, Photos
from core.ports.grounder import BatchGrounder
from core.store.vectors import VectorRow

#: Memory for photos under way where no setting says otherwise, bytes.
ROOM = 256 * 2**20
#: Most items in one pass of an encoder, where the memory goes that far.
MODEL_BATCH = 32
#: Memory of one picture in a pass of a large image tower (ViT-L at 256 pixels), bytes.
_PASS = 64 * 2**20
#: Number of new groundings that are kept for further items with the same photo.
_KEPT = 256
#: Copies of a decoded photo that preparing it makes: itself, a view, their scaled rows.
_COPIES = 3
#: Bytes per task besides its photo: the encoders' inputs and its records.
_INPUTS = 2**20


class LocalStages:
    """Runs tasks with one set of models, in threads of this process.

    Args:
        photos: The photos of the tasks.
        models: The engines and the models of the stages.
        room: Memory for photos under way, bytes.
        workers: Number of threads that prepare photos; 0 for one per core.
    """

    def __init__(
        self, photos: Photos, models: IndexingModels, *, room: int = ROOM, workers: int = 0
    ) -> None:
        self._photos, self._models = photos, models
        self._room, self._workers = room, workers or os.cpu_count() or 1
        self._recent: Recent[Grounding] = Recent(_KEPT)
        self._grounding = KeyedLocks()
        #: Keys of new groundings; the first item with one writes it, before its vectors.
        self._unwritten: set[str] = set()

    def run(
        self, tasks: Iterable[Task]
    ) -> Generator[tuple[list[Task], dict[str, list[VectorRow]]], None, None]:
        """Run tasks through the stages, in order; yield those that are done with their new vectors.
        """  # fmt: skip
        ahead = mapped_ahead(
            self._prepare,
            self._grounded(tasks),
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
                    task.photo = None
                self._mark_new(done)
                yield done, rows

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

    def _mark_new(self, tasks: Sequence[Task]) -> None:
        """Mark the first item with each new grounding; that one has it written."""
        for task in tasks:
            task.grounded = task.grounding is not None and task.grounding_key in self._unwritten
            self._unwritten.discard(task.grounding_key)


def _weight(task: Task) -> int:
    """Return the bytes that a task may take while it is under way."""
    photo = task.item.photo
    return _INPUTS + _COPIES * 3 * photo.width * photo.height
