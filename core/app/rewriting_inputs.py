"""What the agent is told of items besides their listings, read for many of them at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from core.app.library import Catalog
from core.app.stored_groundings import stored_groundings
from core.domain import Grounding, Item
from core.ports.engines import IndexingModels
from core.ports.keys import inputs_key

#: Number of items whose groundings are read at once. One by one, each is looked for in the whole
#: table, so that a catalogue of twice the size would take four times as long.
GROUP = 256
#: Number of groups in memory: items come in order, and those of several threads are near together.
_KEPT = 4


class RewritingInputs:
    """Groundings and earlier failures of a job's items; safe with several threads.

    Args:
        catalog: The catalogue.
        items: The items, in the order in which they are described.
        models: The models for indexing; their grounder and threshold say which groundings count.
    """

    def __init__(self, catalog: Catalog, items: Sequence[Item], models: IndexingModels) -> None:
        self._catalog, self._items, self._models = catalog, items, models
        self._places = {item.item_id: place for place, item in enumerate(items)}
        self._failed = catalog.store.rewrite_runs.failed() if items else {}
        self._groups: OrderedDict[int, Mapping[str, Grounding]] = OrderedDict()
        self._lock = threading.Lock()

    def failures(self, item: Item) -> int:
        """Return the number of earlier jobs that failed for an item in its present state."""
        return self._failed.get((item.item_id, inputs_key(item)), 0)

    def grounding(self, item: Item) -> Grounding | None:
        """Return an item's grounding; ``None`` if it has none."""
        number = self._places[item.item_id] // GROUP
        with self._lock:
            if number not in self._groups:
                group = self._items[number * GROUP : (number + 1) * GROUP]
                self._groups[number] = stored_groundings(self._catalog, group, self._models)
            self._groups.move_to_end(number)
            while len(self._groups) > _KEPT:
                self._groups.popitem(last=False)
            return self._groups[number].get(item.item_id)
