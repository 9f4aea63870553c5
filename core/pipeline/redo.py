"""Bring single items up to date at once, after a person has corrected them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from core.base.flow import Writer
from core.errors import CatalogError
from core.pipeline.driver import Driver, ResultWriter, Tally
from core.pipeline.indexing_job import writing
from core.pipeline.planner import Planner
from core.ports.engines import IndexingModels, Photos
from core.store.catalog_store import CatalogStore


def redo(
    store: CatalogStore, photos: Photos, models: IndexingModels, item_ids: Iterable[str]
) -> int:
    """Redo the out-of-date stages of some items and return the number of new vectors.

    The corrections in ``store.corrections`` replace the models' results. Engines that this
    catalogue was not indexed for are skipped.

    Raises:
        CatalogBusy: An indexing job is running; the next job uses the corrections.
        CatalogError: An item failed; the sentence names the item, the stage and the reason.
        WeightsUnavailable: A model that is needed can't be loaded.
    """
    with writing(store.root):
        indexed = [m for m in models.engines if store.vectors(m.name).fingerprint == m.fingerprint]
        models = IndexingModels(
            indexed,
            models.grounder,
            models.rewriter,
            models.padding,
            store.corrections.standing(),
        )
        records = store.items.records(item_ids)
        tasks = Planner(store, models).tasks(records.values())
        tally = Tally()
        with Writer(ResultWriter(store)) as writer:
            driver = Driver(store, photos, models, writer, tally)
            with closing(driver.run(tasks)) as running:
                for _ in running:
                    pass
    for item_id, (stage, reason) in tally.errors.items():
        raise CatalogError(f"The item “{item_id}” could not be redone ({stage}): {reason}")
    return tally.per_stage["embedding"]
