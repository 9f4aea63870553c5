"""Chunks of items that travel to a worker and back, with all that the stages need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from PIL import Image

from core.base.image_decoding import read_image
from core.domain import Corrections, Grounding, Rewrite
from core.errors import EngineUnavailable, ImageError
from core.pipeline.local_stages import LocalStages
from core.pipeline.stages import Task
from core.ports.engines import IndexingModels
from core.store.items import ItemRecord
from core.store.vectors import VectorRow, Vectors


@dataclass(frozen=True, slots=True)
class ModelSet:
    """Which models a chunk is for; the worker must have the very same ones.

    Attributes:
        engines: Fingerprints of the engines by name.
        grounder: Fingerprint of the grounder; empty if none is needed.
        rewriter: Fingerprint of the rewriter; empty if none is needed.
        padding: Padding of crops.
        threshold: Smallest score of a detection that is used (τ).
    """

    engines: tuple[tuple[str, str], ...]
    grounder: str
    rewriter: str
    padding: float
    threshold: float

    @classmethod
    def of(cls, models: IndexingModels) -> ModelSet:
        """Describe the models of a run."""
        return cls(
            tuple((model.name, model.fingerprint) for model in models.engines),
            models.grounder.fingerprint if models.grounder else "",
            models.rewriter.fingerprint if models.rewriter else "",
            models.padding,
            models.threshold,
        )


@dataclass(frozen=True, slots=True)
class TaskData:
    """A task without models: names in place of engines; see ``stages.Task``."""

    record: ItemRecord
    stale: tuple[str, ...]
    grounding_key: str
    rewrite_key: str
    grounding: Grounding | None
    rewrite: Rewrite | None
    wholes: Mapping[str, Vectors]

    @classmethod
    def of(cls, task: Task) -> TaskData:
        """Describe a task."""
        return cls(
            task.record, tuple(model.name for model in task.stale), task.grounding_key,
            task.rewrite_key, task.grounding, task.rewrite, task.wholes,
        )  # fmt: skip

    def task(self, models: IndexingModels) -> Task:
        """Make the task again, with models."""
        stale = tuple(model for model in models.engines if model.name in self.stale)
        return Task(
            self.record, stale, self.grounding_key, self.rewrite_key, self.grounding,
            self.rewrite, wholes=dict(self.wholes),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chunk:
    """Items for a worker.

    Attributes:
        models: The models that it must use.
        tasks: The items.
        pictures: Their stored photos by hash; a sentence where one can't be read.
        corrections: People's corrections of these items.
    """

    models: ModelSet
    tasks: tuple[TaskData, ...]
    pictures: Mapping[str, bytes | str]
    corrections: Corrections


@dataclass(slots=True)
class ItemResult:
    """What the stages made of an item; ``None`` and nothing where it was there before."""

    grounding: Grounding | None = None
    rewrite: Rewrite | None = None
    error: tuple[str, str] | None = None
    rows: dict[str, VectorRow] = field(default_factory=dict)


class ChunkPhotos:
    """The photos of a chunk, as the stages open them."""

    def __init__(self, pictures: Mapping[str, bytes | str]) -> None:
        self._pictures = pictures

    def open(self, sha256: str) -> Image.Image:
        """Decode a picture; raises ``ImageError``."""
        content = self._pictures[sha256]
        if isinstance(content, str):
            raise ImageError(content)
        return read_image(content, max_megapixels=float("inf"))

    thumbnail = open


class StageWorker:
    """Runs chunks through the stages, in a worker process.

    Args:
        models: Returns the models of this machine.
    """

    def __init__(self, models: Callable[[], IndexingModels]) -> None:
        self._models = models()
        self._sets: list[tuple[ModelSet, IndexingModels]] = []

    def __call__(self, chunk: Chunk) -> list[ItemResult]:
        """Return the results of a chunk's items, in order.

        Raises:
            EngineUnavailable: This machine has other models than the one that plans the work.
        """
        models = self._chosen(chunk.models).corrected_by(chunk.corrections)
        tasks = [data.task(models) for data in chunk.tasks]
        results = {id(task): ItemResult() for task in tasks}
        by_item = {task.item.item_id: results[id(task)] for task in tasks}
        stages = LocalStages(ChunkPhotos(chunk.pictures), models)
        with closing(stages.run(tasks)) as running:
            for _, rows in running:
                for engine, made in rows.items():
                    for row in made:
                        by_item[row.item_id].rows[engine] = row
        for task in tasks:
            result = results[id(task)]
            result.error = task.error
            result.grounding = task.grounding if task.grounded else None
            result.rewrite = task.rewrite if task.described else None
        return [results[id(task)] for task in tasks]

    def _chosen(self, wanted: ModelSet) -> IndexingModels:
        """Return the models of a set; check once that they are the same."""
        for described, models in self._sets:
            if described == wanted:
                return models
        own, names = self._models, {name for name, _ in wanted.engines}
        chosen = IndexingModels(
            [model for model in own.engines if model.name in names],
            own.grounder if wanted.grounder else None,
            own.rewriter if wanted.rewriter else None,
            own.padding,
        )
        if ModelSet.of(chosen) != wanted:
            raise EngineUnavailable(_other(ModelSet.of(chosen), wanted))
        self._sets.append((wanted, chosen))
        return chosen


def _other(own: ModelSet, wanted: ModelSet) -> str:
    missing = [name for name, mark in wanted.engines if (name, mark) not in own.engines]
    what = f"engine {missing[0]}" if missing else "grounder, rewriter or their settings"
    return (
        f"A worker of the cluster has another {what} than this machine. Install the same version "
        "of the studio there, with the same weights, profile and settings."
    )
