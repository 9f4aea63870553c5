"""Build the index of a large vector table, keep it up to date, and train it anew where it drifted.

New rows are compared one by one until they are in the index. They are put into what was trained on
earlier rows, so what they find is looked at: where it is less than it was, all is trained again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from lancedb.index import Bitmap, BTree
from lancedb.table import Table
from pydantic import TypeAdapter, ValidationError

from core.domain.search_index import SearchIndex
from core.store import index_measurement
from core.store.damage import reading
from core.store.database import compact, count_rows
from core.store.frozen_rows import FrozenRows
from core.store.index_kinds import FULL, config_of, kind_for
from core.store.index_measurement import DEPTHS

_log = logging.getLogger(__name__)

#: Builds an index of a kind over the vectors, in place of the one that is there.
Trainer = Callable[[Table, str], None]

#: Up to this many rows a search is exact; above, an index answers.
EXACT_LIMIT = 20_000
#: A compressed index that finds a smaller share of the closest items gives way to full vectors.
LEAST = 0.95
#: New items may find so much less than was measured before all is trained again.
DRIFT = 0.03
#: Share of rows that are new when they are looked at.
NEW_SHARE = 0.1
#: An index is measured again when the table has grown by so much.
_GROWN = 1.5
#: Longest time that training may take.
_PATIENCE = timedelta(hours=4)

#: Key of the measurement in the metadata of the vector column.
_METADATA = "search_index"
_JSON = TypeAdapter(SearchIndex)


def read_index(table: Table) -> SearchIndex | None:
    """Return the measurement of a table's index; ``None`` if there is none.

    Raises:
        CatalogDamaged: The table can't be read.
    """
    with reading(table):
        text = (table.schema.field("vector").metadata or {}).get(_METADATA.encode())
    if not text:
        return None
    try:
        return _JSON.validate_json(text)
    except ValidationError:  # of a later version
        return None


def has_index(table: Table) -> bool:
    """Tell whether there is an index over the searched vectors."""
    return _vector_index(table) is not None


def is_due(table: Table, most_bytes: int | None = None) -> bool:
    """Tell whether a table is large and its index is missing, not measured or not up to date.

    Args:
        table: The table.
        most_bytes: Most memory of an index with full vectors; ``None`` is any.
    """
    rows = count_rows(table)
    if rows <= EXACT_LIMIT:
        return False
    index, measured = _vector_index(table), read_index(table)
    return (
        index is None
        or measured is None
        or not measured.breadths
        or index.index_type != _wanted(table, rows, measured, most_bytes)
        or bool(index.num_unindexed_rows)
        or rows > measured.rows * _GROWN
    )


def build(
    table: Table,
    freeze: Callable[[], FrozenRows],
    most_bytes: int | None = None,
    trainer: Trainer | None = None,
) -> SearchIndex | None:
    """Build or update the index of a large table, and measure it or look at what new items find.

    Rows can be searched and added meanwhile.

    Args:
        table: The table.
        freeze: Returns its latest rows, frozen.
        most_bytes: Most memory of an index with full vectors; ``None`` is any.
        trainer: Builds the index over the vectors; without one this process does it.
    """
    rows, trainer = count_rows(table), trainer or train
    if rows <= EXACT_LIMIT:
        return None
    measured = read_index(table)
    kind, new = _wanted(table, rows, measured, most_bytes), _new_items(table)
    trained = _create_missing(table, kind, trainer)
    compact(table)
    if measured is None or not measured.breadths or trained:
        return _stored(table, _measured(table, freeze, kind, trainer))
    unchecked, grown = measured.unchecked + len(new), rows > measured.rows * _GROWN
    if unchecked < NEW_SHARE * rows and not grown:
        return _stored(table, replace(measured, unchecked=unchecked)) if new else measured
    new_recall = _new_recall(table, freeze, new, measured)
    drifted = new_recall < _recall(measured) - DRIFT
    if not drifted and not grown:
        return _stored(table, replace(measured, unchecked=0, new_recall=round(new_recall, 4)))
    if drifted:
        _log.info("The index of %s is trained anew: new items find %.3f", table.name, new_recall)
        trainer(table, kind)
    result = _measured(table, freeze, kind, trainer)
    kept = result.too_coarse or measured.too_coarse
    return _stored(table, replace(result, new_recall=round(new_recall, 4), too_coarse=kept))


def _measured(
    table: Table, freeze: Callable[[], FrozenRows], kind: str, trainer: Trainer
) -> SearchIndex:
    """Measure an index; full vectors take the place of compressed ones that find too little."""
    result = index_measurement.measure(table, freeze(), kind)
    if kind == FULL or _recall(result) >= LEAST:
        return result
    trainer(table, FULL)
    return replace(index_measurement.measure(table, freeze(), FULL), too_coarse=True)


def _new_recall(
    table: Table, freeze: Callable[[], FrozenRows], new: list[str], measured: SearchIndex
) -> float:
    """Return what new items find at the breadth that was chosen before they came."""
    breadth = measured.breadth(min(DEPTHS))
    if not new or breadth is None:
        return _recall(measured)
    return index_measurement.recall_of(table, freeze(), new, breadth)


def _recall(measured: SearchIndex) -> float:
    breadth = measured.breadth(min(DEPTHS))
    return breadth.recall if breadth is not None else 0.0


def _new_items(table: Table) -> list[str]:
    """Return the items whose rows the index lacks: those with the last row ids."""
    index = _vector_index(table)
    count = int(index.num_unindexed_rows or 0) if index is not None else 0
    if not count:
        return []
    with reading(table):
        rows = table.search().select(["item_id"]).with_row_id(True).to_arrow()
    ids: list[str] = rows.sort_by("_rowid")["item_id"].slice(len(rows) - count).to_pylist()
    return ids


def _wanted(table: Table, rows: int, measured: SearchIndex | None, most_bytes: int | None) -> str:
    if measured is not None and measured.too_coarse:
        return FULL
    with reading(table):
        dim = table.schema.field("vector").type.list_size
    return kind_for(rows, dim, most_bytes)


def _create_missing(table: Table, kind: str, trainer: Trainer) -> bool:
    """Build the indices that are missing; return whether the one over vectors was."""
    have = {index.columns[0] for index in table.list_indices()}
    wanted: dict[str, Bitmap | BTree] = {
        "department": Bitmap(),
        "product_type": Bitmap(),
        "item_id": BTree(),
    }
    for column, config in wanted.items():
        if column not in have:
            table.create_index(column, config=config, wait_timeout=_PATIENCE)
    index = _vector_index(table)
    if index is not None and index.index_type == kind:
        return False
    if index is not None and read_index(table) is not None:
        # Until the new kind is measured, searches go as for an index that nothing is known of.
        _stored(table, SearchIndex(kind, count_rows(table)))
    trainer(table, kind)
    return True


def train(table: Table, kind: str) -> None:
    """Build the index over the vectors, in place of the one that is there."""
    table.create_index("vector", config=config_of(kind), wait_timeout=_PATIENCE)


def _vector_index(table: Table) -> Any:
    """Return what LanceDB says of the index over the searched vectors; ``None`` without one."""
    with reading(table):
        return next((i for i in table.list_indices() if i.columns == ["vector"]), None)


def _stored(table: Table, measured: SearchIndex) -> SearchIndex:
    """Store a measurement with the table, and return it."""
    text = _JSON.dump_json(measured).decode()
    table.update_field_metadata({"path": "vector", "metadata": {_METADATA: text}})
    return measured
