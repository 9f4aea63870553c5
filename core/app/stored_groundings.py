"""The groundings that a catalogue has stored, with people's corrections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.app.library import Catalog
from core.domain import Grounding, Item
from core.ports.engines import IndexingModels


def stored_groundings(
    catalog: Catalog, items: Sequence[Item], models: IndexingModels
) -> dict[str, Grounding]:
    """Return the groundings of those items that are grounded, by item id.

    Args:
        catalog: The catalogue.
        items: Items of it.
        models: The models for indexing; their grounder and threshold say which groundings count.
    """
    models = models.corrected_by(catalog.store.corrections.standing())
    keys = {item.item_id: models.grounding_key(item) for item in items}
    stored = catalog.store.groundings.get([key for key in keys.values() if key])
    return {
        item_id: replace(stored[key], threshold=models.threshold)
        for item_id, key in keys.items()
        if key in stored
    }
