"""The stages as functions: a task goes in without a result and comes out with one, or an error.

Nothing here touches the store or a file; photos come from an opener. Errors of a single item stay
with that item. What would fail for every item alike (weights that can't be had) is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import compress

import torch
from PIL import Image
from torch import Tensor

from core.base.image_views import image_view
from core.domain import Grounding, ImageView, Item, Rewrite, TextView
from core.errors import EngineUnavailable, SettingsError, WeightsUnavailable
from core.ports.engines import EngineModel, IndexingModels, Photos
from core.ports.grounder import BatchGrounder
from core.store.items import ItemRecord
from core.store.vectors import VectorRow, Vectors, blend

#: Errors that are about the installation, not about one item.
FATAL = (WeightsUnavailable, EngineUnavailable, SettingsError, MemoryError)

#: Photos that a grounder which can looks at in one pass; bounds its memory.
GROUND_BATCH = 8


@dataclass(slots=True)
class Task:
    """One item on its way through the stages.

    Attributes:
        record: The item as stored.
        stale: Engines that need new vectors for it.
        grounding_key: Key of its grounding; empty when none is needed.
        rewrite_key: Key of its rewrite; empty when none is needed.
        grounding: Its grounding, once there.
        rewrite: Its rewrite, once there.
        described: The rewrite was made in this run.
        photo: Its photo, while a stage needs it.
        error: Stage and reason of the first failure; further stages leave the item alone.
    """

    record: ItemRecord
    stale: tuple[EngineModel, ...]
    grounding_key: str = ""
    rewrite_key: str = ""
    grounding: Grounding | None = None
    rewrite: Rewrite | None = None
    described: bool = False
    photo: Image.Image | None = None
    error: tuple[str, str] | None = None

    @property
    def item(self) -> Item:
        """The item."""
        return self.record.item

    @property
    def needs_grounding(self) -> bool:
        """A grounding is wanted and not there yet."""
        return bool(self.grounding_key) and self.grounding is None and self.error is None

    @property
    def needs_rewrite(self) -> bool:
        """A rewrite is wanted and not there yet."""
        return bool(self.rewrite_key) and self.rewrite is None and self.error is None


@dataclass(slots=True)
class Batch:
    """What one engine's encoder gets for some tasks: ``inputs`` ``[n, …]`` as it prepared them."""

    model: EngineModel
    tasks: list[Task] = field(default_factory=list)
    inputs: list[Tensor] = field(default_factory=list)


def attempt(task: Task, stage: str, work: Callable[[], None]) -> bool:
    """Do one stage of one task; an error becomes the task's own. Returns whether it went well."""
    try:
        work()
    except FATAL:
        raise
    except Exception as error:
        task.error = (stage, str(error) or type(error).__name__)
    return task.error is None


def open_photo(task: Task, photos: Photos) -> None:
    """Load the photo, for the stages that need it whole."""

    def work() -> None:
        task.photo = photos.open(task.item.photo.sha256)

    attempt(task, "photo", work)


def ground(tasks: Sequence[Task], models: IndexingModels) -> None:
    """Find the products in the photos and mask them, several photos in one pass where it can."""
    grounder = models.grounder
    assert grounder is not None  # noqa: S101
    if isinstance(grounder, BatchGrounder):
        for start in range(0, len(tasks), GROUND_BATCH):
            _ground_batch(tasks[start : start + GROUND_BATCH], grounder)
    for task in tasks:
        if not task.needs_grounding:
            continue

        def work(task: Task = task) -> None:
            assert task.photo is not None  # noqa: S101
            task.grounding = grounder.ground(task.photo, task.item.prompt)

        attempt(task, "grounding", work)


def _ground_batch(tasks: Sequence[Task], grounder: BatchGrounder) -> None:
    """A batch that fails leaves its tasks as they were: alone, the one at fault shows itself."""
    photos = [task.photo for task in tasks if task.photo is not None]
    try:
        found = grounder.ground_batch(photos, [task.item.prompt for task in tasks])
    except FATAL:
        raise
    except Exception:
        return
    for task, grounding in zip(tasks, found, strict=True):
        task.grounding = grounding


def rewrite(task: Task, models: IndexingModels, vector: Vectors | None = None) -> bool:
    """Describe the product; returns whether a rewrite was made.

    Args:
        task: The item, its photo open.
        models: With the rewriter.
        vector: Of the crop, where the rewriter's own towers have embedded it.
    """

    def work() -> None:
        assert models.rewriter is not None  # noqa: S101
        task.rewrite = models.rewriter.rewrite(task.item, task.photo, task.grounding, vector)
        task.described = True

    return attempt(task, "rewriting", work)


def text_view(item: Item, rewritten: Rewrite | None, view: TextView) -> str:
    """The words that an encoder gets for an item; the title while there is no rewrite."""
    return rewritten.text if view is TextView.REWRITE and rewritten is not None else item.title


def prepare(tasks: Sequence[Task], models: IndexingModels, photos: Photos) -> list[Batch]:
    """Cut the pictures and bring them into the encoders' form, one batch per engine."""
    batches = {model.name: Batch(model) for model in models.engines}
    for task in tasks:
        if task.error is not None or not task.stale:
            continue

        def work(task: Task = task) -> None:
            photo = task.photo or photos.open(task.item.photo.sha256)
            for model in task.stale:
                view = model.engine.image_view
                picture = image_view(photo, task.grounding, view, models.padding)
                batches[model.name].inputs.append(model.encoder.prepare([picture]))
                batches[model.name].tasks.append(task)

        attempt(task, "photo", work)
        if not task.needs_rewrite:
            task.photo = None
    found = [batch for batch in batches.values() if batch.tasks]
    return sorted(found, key=lambda batch: not _sees(batch.model, models))


def _sees(model: EngineModel, models: IndexingModels) -> bool:
    """Whether the engine's picture vectors are what the rewriter would look with."""
    rewriter = models.rewriter
    cropped = model.engine.image_view is ImageView.CROP
    return rewriter is not None and cropped and model.encoder.fingerprint == rewriter.towers


def embed(batch: Batch, models: IndexingModels) -> list[VectorRow]:
    """Embed pictures, describe, embed words; a batch that fails is taken apart to find the item
    at fault."""
    try:
        return _embed(batch, models)
    except FATAL:
        raise
    except Exception as error:
        if len(batch.tasks) == 1:
            batch.tasks[0].error = ("embedding", str(error) or type(error).__name__)
            return []
    singles = zip(batch.tasks, batch.inputs, strict=True)
    return [
        row
        for task, inputs in singles
        for row in embed(Batch(batch.model, [task], [inputs]), models)
    ]


def _embed(batch: Batch, models: IndexingModels) -> list[VectorRow]:
    engine, encoder = batch.model.engine, batch.model.encoder
    images: Vectors = encoder.encode_prepared(torch.cat(batch.inputs))
    if batch.model.needs_rewrite:  # between picture and words: it looks with the picture's vector
        sees = _sees(batch.model, models)
        for task, vector in zip(batch.tasks, images, strict=True):
            if task.needs_rewrite:
                rewrite(task, models, vector if sees else None)
        well = [task.error is None for task in batch.tasks]
        images = images[well]
        batch = Batch(batch.model, list(compress(batch.tasks, well)))
        if not batch.tasks:
            return []
    texts: Vectors = encoder.encode_texts(
        [text_view(task.item, task.rewrite, engine.text_view) for task in batch.tasks]
    )
    blended = blend(images, texts, engine.text_weight)
    return [
        VectorRow(
            item_id=task.item.item_id,
            key=models.vector_key(batch.model, task.item),
            grounding_key=task.grounding_key if batch.model.needs_grounding else "",
            rewrite_key=task.rewrite_key if batch.model.needs_rewrite else "",
            department=task.item.department,
            product_type=task.item.product_type,
            phash=task.item.photo.phash,
            image_vector=images[row],
            text_vector=texts[row],
            vector=blended[row],
        )
        for row, task in enumerate(batch.tasks)
    ]
