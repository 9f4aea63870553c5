"""Embed the further photos of items, where a setting asks for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from core.base.content_key import content_key
from core.base.flow import chunks
from core.base.image_views import image_view, mixed, photo_share
from core.domain import Grounding, Item, Photo
from core.errors import StudioError
from core.pipeline.stages import FATAL
from core.ports.engines import EngineModel, IndexingModels, Photos
from core.store.catalog_store import CatalogStore
from core.store.items import ItemRecord
from core.store.vectors import VectorRow, blend

_log = logging.getLogger(__name__)

#: Items per chunk: a stopped run loses no more.
_CHUNK = 16


def embed_further_photos(
    store: CatalogStore,
    photos: Photos,
    models: IndexingModels,
    records: Mapping[str, ItemRecord],
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Embed what is new or changed; return the number of photos that were embedded.

    A further photo is looked at as the first one is, so engines of crops embed the product in it,
    or all of a photo that it is not found in. Its text is that of the item.

    Args:
        store: The catalogue's tables; the first photos' vectors are there.
        photos: Opens the catalogue's photos.
        models: The engines.
        records: The catalogue's items by id.
        stopped: Called after every few items; ``True`` ends the work.
    """
    items = [record.item for record in records.values() if record.item.more_photos]
    done = 0
    for model in models.engines:
        table = store.photo_vectors(model.name)
        table.prepare(model.fingerprint, model.encoder.dim, model.engine.text_weight)
        state = table.state()
        wanted = {item.item_id for item in items}
        table.delete([item_id for item_id in state if item_id not in wanted])
        for chunk in chunks(items, _CHUNK):
            first = store.vectors(model.name).get(item.item_id for item in chunk)
            stale = {}
            for item in chunk:
                row = first.get(item.item_id)
                if row is None:
                    continue
                key = _key(item, row, models if model.needs_grounding else None)
                if item.item_id not in state or state[item.item_id].key != key:
                    pictures = _pictures(store, photos, models, model, item)
                    stale[item.item_id] = _rows(model, pictures, item, row, key)
            if stale:
                rows = [row for rows in stale.values() for row in rows]
                table.replace(list(stale), rows)
                done += len(rows)
            if stopped():
                return done
        table.build_index()
    return done


def drop_further_photos(store: CatalogStore) -> None:
    """Remove all vectors of further photos: the setting was turned off."""
    for engine in store.engines():
        store.photo_vectors(engine).drop()


def _key(item: Item, first: VectorRow, models: IndexingModels | None) -> str:
    """Return the key of an item's further vectors; with models, those of engines of crops."""
    hashes = [photo.sha256 for photo in item.more_photos]
    cut = [models.grounding_key(_shown_by(item, photo)) for photo in item.more_photos if models]
    return content_key(
        first.key, hashes, item.department, item.product_type, *([cut] if cut else ())
    )


def _shown_by(item: Item, photo: Photo) -> Item:
    """Return the item as if a further photo were its first."""
    return replace(item, photo=photo, more_photos=())


def _pictures(
    store: CatalogStore, photos: Photos, models: IndexingModels, model: EngineModel, item: Item
) -> list[tuple[Image.Image, Image.Image, float]]:
    """Return an item's further photos as an engine looks at them.

    Each is what is embedded, the whole photo, and the share of the latter in the vector.
    """
    pictures = []
    for photo in item.more_photos:
        try:
            whole = photos.open(photo.sha256)
            grounding = None
            if model.needs_grounding:
                grounding = _grounding(store, models, _shown_by(item, photo), whole)
        except FATAL:
            raise
        except (StudioError, OSError) as error:  # the item has its first photo
            _log.warning("A further photo of “%s” was not embedded: %s", item.item_id, error)
            continue
        view = image_view(whole, grounding, model.engine.image_view, models.padding)
        pictures.append((view, whole, photo_share(model.engine, grounding, whole)))
    return pictures


def _grounding(
    store: CatalogStore, models: IndexingModels, item: Item, photo: Image.Image
) -> Grounding | None:
    """Return where the product is in a further photo; it is looked for once."""
    key = models.grounding_key(item)
    if not key or models.grounder is None:
        return None
    grounding = store.groundings.get([key]).get(key)
    if grounding is None:
        grounding = models.grounder.ground(photo, item.prompt)
        store.groundings.add({key: grounding})
    return grounding


def _rows(
    model: EngineModel,
    pictures: Sequence[tuple[Image.Image, Image.Image, float]],
    item: Item,
    first: VectorRow,
    key: str,
) -> list[VectorRow]:
    if not pictures:
        return []
    images = model.encoder.encode_images([view for view, _, _ in pictures])
    shares = np.array([share for _, _, share in pictures], np.float32)
    if shares.any():
        wholes = model.encoder.encode_images([whole for _, whole, _ in pictures])
        images = mixed(images, wholes, shares)
    texts = np.repeat(first.text_vector[None], len(images), axis=0)
    vectors = blend(images, texts, model.engine.text_weight)
    return [
        VectorRow(
            item_id=item.item_id, key=key, grounding_key="", rewrite_key=first.rewrite_key,
            department=item.department, product_type=item.product_type, phash=first.phash,
            image_vector=image, text_vector=first.text_vector, vector=vector,
        )
        for image, vector in zip(images, vectors, strict=True)
    ]  # fmt: skip
