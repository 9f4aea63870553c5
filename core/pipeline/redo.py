"""Bring single items up to date, at once: after a person corrected something of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from core.base.flow import Writer, chunks
from core.errors import CatalogError
from core.pipeline.driver import Driver, Tally
from core.pipeline.indexer import GROUNDED_CHUNK
from core.pipeline.job import writing
from core.pipeline.planner import Planner
from core.ports.engines import IndexingModels, Photos
from core.store.catalog_store import CatalogStore


def redo(
    store: CatalogStore, photos: Photos, models: IndexingModels, item_ids: Iterable[str]
) -> int:
    """Redo whatever is out of date for some items; returns how many vectors were made.

    What stands in ``store.corrections`` counts; stages that are up to date are not run. Engines
    that this catalogue was not indexed for yet are left to the indexer.

    Raises:
        CatalogBusy: An indexing job is running; the next one picks corrections up.
        CatalogError: An item could not be done; the sentence says which, where and why.
        WeightsUnavailable: A model that is needed can't be had.
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
        with Writer() as writer:
            driver = Driver(store, photos, models, writer, tally)
            with closing(driver.run(chunks(tasks, GROUNDED_CHUNK))) as running:
                for _ in running:
                    pass
    for item_id, (stage, reason) in tally.errors.items():
        raise CatalogError(f"The item “{item_id}” could not be redone ({stage}): {reason}")
    return tally.per_stage["embedding"]
