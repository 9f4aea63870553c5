"""Bring single items up to date at once, after a person has corrected them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing

from core.base.flow import Writer
from core.errors import CatalogError
from core.pipeline.driver import Driver, ResultWriter, Tally
from core.pipeline.indexing_job import writing
from core.pipeline.local_stages import LocalStages
from core.pipeline.planner import Planner
from core.pipeline.stages import Task
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
            driver = Driver(store, models, writer, tally, LocalStages(photos, models))
            with closing(driver.run(tasks)) as running:
                for _ in running:
                    pass
    for item_id, (stage, reason) in tally.errors.items():
        raise CatalogError(f"The item “{item_id}” could not be redone ({stage}): {reason}")
    return tally.per_stage["embedding"]


def complete_stages(
    store: CatalogStore,
    photos: Photos,
    models: IndexingModels,
    on_item: Callable[[int, int], bool] = lambda done, total: False,
) -> dict[str, tuple[str, str]]:
    """Ground and describe all items of a catalogue that are not yet; embed nothing.

    Args:
        store: The catalogue's tables.
        photos: Its photos.
        models: Engines that need groundings or rewrites, and the stages' models.
        on_item: Called with the numbers of finished and of all such items; returns true to stop.

    Returns:
        Stage and reason by item id, of the items that failed.

    Raises:
        CatalogBusy: An indexing job is running.
        WeightsUnavailable: A model that is needed can't be loaded.
    """
    with writing(store.root):
        grounded = store.groundings.keys()
        tasks = []
        for record in store.items.records().values():
            grounding, rewrite = models.grounding_key(record.item), models.rewrite_key(record.item)
            if grounding not in grounded or record.rewrite_key != rewrite:
                tasks.append(Task(record, (), grounding, rewrite))
        done, tally = 0, Tally()
        with Writer(ResultWriter(store)) as writer:
            driver = Driver(store, models, writer, tally, LocalStages(photos, models))
            with closing(driver.run(tasks)) as running:
                for ready in running:
                    done += len(ready)
                    if on_item(done, len(tasks)):
                        break
    return tally.errors
