"""Run the stages on workers, chunk by chunk; lost workers and harmful items cost no more."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from core.base.flow import mapped_ahead
from core.base.recent import Recent
from core.domain import Corrections, Grounding
from core.errors import EngineUnavailable, ImageError, JobStopped, WorkerLost
from core.pipeline.stage_chunks import Chunk, ItemResult, ModelSet, TaskData
from core.pipeline.stages import Task
from core.ports.engines import IndexingModels
from core.ports.workers import Pool
from core.store.vectors import VectorRow

T = TypeVar("T")

#: Most items of a chunk: what a lost worker costs.
CHUNK = 16
#: Number of groundings that are kept for further items with the same photo.
_KEPT = 4096
#: Chunks that are read ahead, for each worker.
_AHEAD = 2
#: How often a waiting thread looks whether the work was stopped, seconds.
_POLL = 0.5
#: How often a chunk is given to a worker, where that ends.
_TRIES = 2
#: So many items in a row that end their workers are no accident.
_MOST_IN_A_ROW = 3
_HARMFUL = "It ended the worker that had it in hand, twice."


class PhotoFiles(Protocol):
    """Protocol of a store that reads photos without decoding them."""

    def read(self, sha256: str) -> bytes:
        """Return the stored file; raises ``ImageError``."""
        ...


_ALL_END = (
    "The workers end at every item. They may have too little memory for the models: start fewer "
    "of them (--workers), or index for fewer engines at a time (--engines)."
)


@dataclass(frozen=True, slots=True)
class _Place:
    """An item in a chunk.

    Attributes:
        task: What is to be done for it.
        first: The grounding of an earlier item with the same photo, for which it waits.
        own: Where its own grounding is told to later items.
    """

    task: Task
    first: Future[Grounding | None] | None = None
    own: Future[Grounding | None] | None = None


class RemoteStages:
    """Runs tasks on the workers of a pool; the same results as ``LocalStages``.

    A photo that several items share is grounded once: items that repeat one wait for the first.

    Args:
        photos: The catalogue's photos, which are sent along.
        models: The models of this machine; the workers must have the same.
        pool: The workers, each a ``StageWorker``.
        count: Number of workers.
    """

    def __init__(
        self,
        photos: PhotoFiles,
        models: IndexingModels,
        pool: Pool[Chunk, list[ItemResult]],
        count: int,
    ) -> None:
        self._photos, self._models, self._pool, self._count = photos, models, pool, count
        self._set = ModelSet.of(models)
        self._closed = threading.Event()
        self._lost = 0
        self._firsts: Recent[Future[Grounding | None]] = Recent(_KEPT)

    def run(
        self, tasks: Iterable[Task]
    ) -> Generator[tuple[list[Task], dict[str, list[VectorRow]]], None, None]:
        """Run tasks through the stages; yield those that are done with their new vectors."""
        ahead = mapped_ahead(
            self._settled, self._chunks(tasks), room=_AHEAD * self._count, workers=self._count
        )
        try:
            for ready in ahead:
                yield from ready
        finally:
            self._closed.set()
            ahead.close()

    def _chunks(self, tasks: Iterable[Task]) -> Iterator[list[_Place]]:
        """Yield chunks; an item whose photo is being looked at for another one comes after it."""
        chunk: list[_Place] = []
        repeats: list[_Place] = []
        for task in tasks:
            if not task.needs_grounding:
                chunk.append(_Place(task))
            elif (first := self._firsts.get(task.grounding_key)) is not None:
                repeats.append(_Place(task, first=first))
            else:
                chunk.append(_Place(task, own=self._firsts.put(task.grounding_key, Future())))
            if len(chunk) == CHUNK or len(repeats) == CHUNK:
                yield from filter(None, (chunk, repeats))
                chunk, repeats = [], []
        yield from filter(None, (chunk, repeats))

    def _settled(self, places: list[_Place]) -> tuple[list[Task], dict[str, list[VectorRow]]]:
        """Run a chunk on a worker and take the results into its tasks (in a thread)."""
        for place in places:
            if place.first is not None:  # without a result the item is looked at itself
                place.task.grounding = self._awaited(place.first)
        tasks = [place.task for place in places]
        rows: dict[str, list[VectorRow]] = {}
        for place, result in zip(places, self._results(tasks), strict=True):
            task = place.task
            task.error = result.error
            if result.grounding is not None:
                task.grounding, task.grounded = result.grounding, True
            if result.rewrite is not None:
                task.rewrite, task.described = result.rewrite, True
            for engine, row in result.rows.items():
                rows.setdefault(engine, []).append(row)
            if place.own is not None:
                place.own.set_result(task.grounding)
        return tasks, rows

    def _results(self, tasks: Sequence[Task]) -> list[ItemResult]:
        """Run tasks on a worker; where that ends it twice, one by one, so that one is left out."""
        chunk = self._chunk(tasks)
        for _ in range(_TRIES):
            with suppress(WorkerLost):
                results = self._awaited(self._submitted(chunk))
                self._lost = 0
                return results
        if len(tasks) == 1:
            self._lost += 1
            if self._lost >= _MOST_IN_A_ROW:
                raise EngineUnavailable(_ALL_END)
            return [ItemResult(error=("worker", _HARMFUL))]
        return [result for task in tasks for result in self._results([task])]

    def _submitted(self, chunk: Chunk) -> Future[list[ItemResult]]:
        """Give a chunk to a worker, and wait for one, until the work is stopped."""
        while not self._closed.is_set():
            if (answer := self._pool.submit(chunk, _POLL)) is not None:
                return answer
        raise JobStopped

    def _chunk(self, tasks: Sequence[Task]) -> Chunk:
        pictures: dict[str, bytes | str] = {}
        for task in tasks:
            if task.item.has_photo:
                sha256 = task.item.photo.sha256
                try:
                    pictures[sha256] = self._photos.read(sha256)
                except ImageError as error:
                    pictures[sha256] = str(error)
        items, own = {task.item.item_id for task in tasks}, self._models.corrections
        corrections = Corrections(
            {key: value for key, value in own.standing.items() if key[1] in items},
            {item_id: own.agent[item_id] for item_id in items if item_id in own.agent},
        )
        return Chunk(self._set, tuple(map(TaskData.of, tasks)), pictures, corrections)

    def _awaited(self, answer: Future[T]) -> T:
        """Wait for an answer, until the work is stopped."""
        while not self._closed.is_set():
            with suppress(NotYet):
                return answer.result(_POLL)
        raise JobStopped
