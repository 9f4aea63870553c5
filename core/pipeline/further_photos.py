"""Embed the further photos of items, where a setting asks for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import numpy as np

from core.base.content_key import content_key
from core.base.flow import chunks
from core.domain import Item
from core.errors import StudioError
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

    A further photo is embedded whole, also for engines that look at crops: it often shows a detail
    or the product in use. Its text is that of the item.

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
                key = _key(item, row)
                if item.item_id not in state or state[item.item_id].key != key:
                    stale[item.item_id] = _rows(model, photos, item, row, key)
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


def _key(item: Item, first: VectorRow) -> str:
    hashes = [photo.sha256 for photo in item.more_photos]
    return content_key(first.key, hashes, item.department, item.product_type)


def _rows(
    model: EngineModel, photos: Photos, item: Item, first: VectorRow, key: str
) -> list[VectorRow]:
    pictures = []
    for photo in item.more_photos:
        try:
            pictures.append(photos.open(photo.sha256))
        except (StudioError, OSError) as error:  # the item has its first photo
            _log.warning("A further photo of “%s” was not embedded: %s", item.item_id, error)
    if not pictures:
        return []
    images = model.encoder.encode_images(pictures)
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
