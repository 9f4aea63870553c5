"""The stages as functions: each adds its result, or an error, to a task.

They use neither the store nor files; photos come from a ``Photos`` object. An error of a single
item is stored in its task. An error that every item would have (missing weights) is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress

import numpy as np
from PIL import Image

from core.base.flow import chunks
from core.base.image_views import image_view, mixed, photo_share
from core.domain import Grounding, ImageView, Item, Rewrite, TextView
from core.errors import EngineUnavailable, SettingsError, WeightsUnavailable
from core.ports.encoder import Prepared, joined, picture_fingerprint
from core.ports.engines import EngineModel, IndexingModels, Photos
from core.ports.grounder import BatchGrounder
from core.store.items import ItemRecord
from core.store.vectors import VectorRow, Vectors, blend

#: Errors of the installation, which every item would have.
FATAL = (WeightsUnavailable, EngineUnavailable, SettingsError, MemoryError)


@dataclass(slots=True)
class Task:
    """An item on its way through the stages.

    Attributes:
        record: The item as stored.
        stale: Engines that need new vectors for the item.
        grounding_key: Key of its grounding; empty if none is needed.
        rewrite_key: Key of its rewrite; empty if none is needed.
        grounding: Its grounding; ``None`` until it is loaded or made.
        rewrite: Its rewrite; ``None`` until it is loaded or made.
        grounded: Whether this run made the grounding, and this item is the first with it.
        described: Whether this run made the rewrite.
        wholes: Vectors of its whole photo that are stored already, by the encoder's fingerprint.
        photo: Its photo, while a stage needs it.
        error: Stage and reason of the first failure; later stages skip the item.
    """

    record: ItemRecord
    stale: tuple[EngineModel, ...]
    grounding_key: str = ""
    rewrite_key: str = ""
    grounding: Grounding | None = None
    rewrite: Rewrite | None = None
    grounded: bool = False
    described: bool = False
    wholes: dict[str, Vectors] = field(default_factory=dict)
    photo: Image.Image | None = None
    error: tuple[str, str] | None = None

    @property
    def item(self) -> Item:
        """The item."""
        return self.record.item

    @property
    def needs_grounding(self) -> bool:
        """Whether a grounding is needed and missing."""
        return bool(self.grounding_key) and self.grounding is None and self.error is None

    @property
    def needs_rewrite(self) -> bool:
        """Whether a rewrite is needed and missing."""
        return bool(self.rewrite_key) and self.rewrite is None and self.error is None


@dataclass(slots=True)
class Batch:
    """Tasks for one engine, with the prepared ``inputs`` ``[1, …]`` of their pictures.

    Items without photos have batches of their own, without inputs.

    ``wholes`` are those of whole photos that are mixed with a crop's vector, by item id;
    ``shares`` are those of the whole photos in the tasks' vectors.
    """

    model: EngineModel
    tasks: list[Task] = field(default_factory=list)
    inputs: list[Prepared] = field(default_factory=list)
    wholes: dict[str, Prepared] = field(default_factory=dict)
    shares: list[float] = field(default_factory=list)


def attempt(task: Task, stage: str, work: Callable[[], None]) -> bool:
    """Run one stage of a task and store an error in the task; return whether there is none."""
    try:
        work()
    except FATAL:
        raise
    except Exception as error:
        task.error = (stage, str(error) or type(error).__name__)
    return task.error is None


def open_photo(task: Task, photos: Photos) -> None:
    """Load the task's photo."""

    def work() -> None:
        task.photo = photos.open(task.item.photo.sha256)

    attempt(task, "photo", work)


def ground(tasks: Sequence[Task], models: IndexingModels) -> None:
    """Ground the tasks' photos, several in one pass if the grounder is a ``BatchGrounder``."""
    grounder = models.grounder
    assert grounder is not None  # noqa: S101
    if isinstance(grounder, BatchGrounder):
        for group in chunks(tasks, grounder.batch_size):
            _ground_batch(group, grounder)
    for task in tasks:
        if not task.needs_grounding:
            continue

        def work(task: Task = task) -> None:
            assert task.photo is not None  # noqa: S101
            task.grounding = grounder.ground(task.photo, task.item.prompt)

        attempt(task, "grounding", work)


def _ground_batch(tasks: Sequence[Task], grounder: BatchGrounder) -> None:
    """Ground a batch in one pass; after an error the caller grounds its photos one by one."""
    photos = [task.photo for task in tasks if task.photo is not None]
    try:
        groundings = grounder.ground_batch(photos, [task.item.prompt for task in tasks])
    except FATAL:
        raise
    except Exception:
        return
    for task, grounding in zip(tasks, groundings, strict=True):
        task.grounding = grounding


def rewrite(task: Task, models: IndexingModels, vector: Vectors | None = None) -> bool:
    """Rewrite the item's text; return whether it succeeded.

    Args:
        task: The item, with its photo loaded.
        models: Models with a rewriter.
        vector: Vector of the crop, if it was made by the rewriter's own towers.
    """

    def work() -> None:
        assert models.rewriter is not None  # noqa: S101
        task.rewrite = models.rewriter.rewrite(task.item, task.photo, task.grounding, vector)
        task.described = True

    return attempt(task, "rewriting", work)


def text_view(item: Item, rewritten: Rewrite | None, view: TextView) -> str:
    """Return the text that an encoder gets for an item; the title if there is no rewrite."""
    return rewritten.text if view is TextView.REWRITE and rewritten is not None else item.title


def prepare(task: Task, models: IndexingModels, photos: Photos) -> list[Batch]:
    """Cut the task's picture and prepare it for the encoders, one batch per engine.

    The batch whose vectors the rewriter can use comes first. Those of an item without a photo
    have no inputs.
    """
    batches: list[Batch] = []

    def work() -> None:
        if not task.item.has_photo:
            batches.extend(Batch(model, [task], shares=[0.0]) for model in task.stale)
            return
        photo = task.photo or photos.open(task.item.photo.sha256)
        for model in task.stale:
            picture = image_view(photo, task.grounding, model.engine.image_view, models.padding)
            batch = Batch(model, [task], [model.encoder.prepare([picture])])
            stored = model.encoder.fingerprint in task.wholes
            share = photo_share(model.engine, task.grounding, photo)
            batch.shares.append(share)
            if share and not stored:
                batch.wholes[task.item.item_id] = model.encoder.prepare([photo])
            batches.append(batch)

    if task.error is not None or not task.stale or not attempt(task, "photo", work):
        batches.clear()
    if not task.needs_rewrite:
        task.photo = None
    return sorted(batches, key=lambda batch: not _gives_rewriter_vectors(batch.model, models))


def merged(batches: Iterable[Batch]) -> list[Batch]:
    """Join the batches of each engine, with and without photos; the engines' order stays."""
    joined: dict[tuple[str, bool], Batch] = {}
    for batch in batches:
        key = batch.model.name, bool(batch.inputs)
        whole = joined.setdefault(key, Batch(batch.model))
        whole.tasks += batch.tasks
        whole.inputs += batch.inputs
        whole.wholes |= batch.wholes
        whole.shares += batch.shares
    return list(joined.values())


def _gives_rewriter_vectors(model: EngineModel, models: IndexingModels) -> bool:
    """Tell whether the rewriter can use the engine's picture vectors."""
    rewriter = models.rewriter
    cropped = model.engine.image_view is ImageView.CROP
    return (
        rewriter is not None and cropped and picture_fingerprint(model.encoder) == rewriter.towers
    )


def embed(batch: Batch, models: IndexingModels) -> list[VectorRow]:
    """Embed pictures, rewrite texts, embed texts.

    A batch that fails is repeated item by item, so that only the faulty item gets the error.
    """
    try:
        return _embed(batch, models)
    except FATAL:
        raise
    except Exception as error:
        if len(batch.tasks) == 1:
            batch.tasks[0].error = ("embedding", str(error) or type(error).__name__)
            return []
    return [
        row
        for number, task in enumerate(batch.tasks)
        for row in embed(
            Batch(
                batch.model,
                [task],
                batch.inputs[number : number + 1],
                batch.wholes,
                batch.shares[number : number + 1],
            ),
            models,
        )
    ]


def _embed(batch: Batch, models: IndexingModels) -> list[VectorRow]:
    engine = batch.model.engine
    images = _pictures(batch)
    if batch.model.needs_rewrite:  # after the pictures: the rewriter uses their vectors
        usable = images is not None and _gives_rewriter_vectors(batch.model, models)
        for number, task in enumerate(batch.tasks):
            if task.needs_rewrite:
                rewrite(task, models, images[number] if usable and images is not None else None)
        succeeded = [task.error is None for task in batch.tasks]
        images = None if images is None else images[succeeded]
        tasks = list(compress(batch.tasks, succeeded))
        shares = list(compress(batch.shares, succeeded))
        batch = Batch(batch.model, tasks, wholes=batch.wholes, shares=shares)
        if not batch.tasks:
            return []
    texts = _texts(batch)
    # Without a photo the words stand for it too, so that such items are found among themselves.
    images = texts if images is None else _with_photos(images, batch)
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


def _pictures(batch: Batch) -> Vectors | None:
    """Embed the pictures of a batch; ``None`` where its items have no photos."""
    if not batch.inputs:
        return None
    images: Vectors = batch.model.encoder.encode_prepared(joined(batch.inputs))
    return images


def _with_photos(images: Vectors, batch: Batch) -> Vectors:
    """Mix the vectors of crops with those of the whole photos, as the engine's recipe says."""
    encoder = batch.model.encoder
    if not any(batch.shares):
        return images
    wholes = images.copy()
    new = []
    for row, (task, share) in enumerate(zip(batch.tasks, batch.shares, strict=True)):
        if share and encoder.fingerprint in task.wholes:
            wholes[row] = task.wholes[encoder.fingerprint]
        elif share:
            new.append(row)
    if new:
        inputs = [batch.wholes[batch.tasks[row].item.item_id] for row in new]
        wholes[new] = encoder.encode_prepared(joined(inputs))
    return mixed(images, wholes, np.array(batch.shares, np.float32))


def _texts(batch: Batch) -> Vectors:
    view = batch.model.engine.text_view
    words = [text_view(task.item, task.rewrite, view) for task in batch.tasks]
    return embed_words(batch.model, [task.item for task in batch.tasks], words)


def embed_words(model: EngineModel, items: Sequence[Item], words: Sequence[str]) -> Vectors:
    """Embed the words of items: rewrites, mixed with titles as the engine's recipe says.

    Args:
        model: The engine.
        items: The items.
        words: The text of each that the engine embeds.

    Returns: ``[n, d] float32, L2-normalised``.
    """
    engine, encoder = model.engine, model.encoder
    texts: Vectors = encoder.encode_texts(words)
    shares = [engine.title_part(item.has_photo) for item in items]
    if not any(shares):
        return texts
    titles: Vectors = encoder.encode_texts([item.title for item in items])
    return mixed(texts, titles, np.array(shares, np.float32))
