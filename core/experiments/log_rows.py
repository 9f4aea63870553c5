"""Flatten the rows of foreign logs: nested GA4 and UBI records become names with values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.experiments.log_columns import normalised

#: Lists of things: each gives an event of its own.
_ITEMS = frozenset({"items", "products", "line_items"})
#: Text cells under these names hold JSON.
_JSON_CELLS = frozenset(
    {"items", "products", "line_items", "event_params", "user_properties", "ecommerce", "device"}
    | {"event_attributes", "query_attributes", "query_response_hit_ids", "attributes", "properties"}
    | {"params", "context", "payload", "data"}
)
#: Where an OpenSearch export keeps the record itself.
_RECORDS = ("_source", "source")
_VALUES = ("string_value", "int_value", "float_value", "double_value", "value")
_MOST_DEPTH, _MOST_NAMES = 6, 500


def flattened(cells: Mapping[str, object]) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return a row's names with their values, and its items as rows of their own.

    ``{"key": …, "value": {"string_value": …}}`` becomes a name; other nested names are joined by
    dots; a list of plain values becomes its length.
    """
    for name in _RECORDS:
        record = cells.get(name)
        if isinstance(record, Mapping):
            outer = {k: v for k, v in cells.items() if k != name and not k.startswith("_")}
            cells = {"event_id": cells.get("_id"), **outer, **record}
    flat: dict[str, object] = {}
    items: list[dict[str, object]] = []
    for name, value in cells.items():
        _add(flat, items, str(name), _parsed(str(name), value), 0)
    return flat, items


def _add(
    flat: dict[str, object], items: list[dict[str, object]], name: str, value: object, depth: int
) -> None:
    if value is None or value == "" or len(flat) > _MOST_NAMES:
        return
    if isinstance(value, Mapping) and depth < _MOST_DEPTH:
        for key, inner in value.items():
            _add(flat, items, f"{name}.{key}", _parsed(str(key), inner), depth + 1)
    elif isinstance(value, list | tuple):
        _add_list(flat, items, name, value, depth)
    elif not isinstance(value, Mapping):
        flat[name] = value


def _add_list(
    flat: dict[str, object], items: list[dict[str, object]], name: str, value: Any, depth: int
) -> None:
    last = normalised(name.rpartition(".")[2])
    if last in _ITEMS:
        items.extend(flattened(item)[0] for item in value if isinstance(item, Mapping))
    elif value and all(isinstance(part, Mapping) and "key" in part for part in value):
        for key, inner in _pairs(value):
            _add(flat, items, f"{name}.{key}", _parsed(key, inner), depth + 1)
    elif all(not isinstance(part, Mapping) for part in value):
        flat[name] = len(value)


def _pairs(params: list[Mapping[str, object]]) -> Iterator[tuple[str, object]]:
    for param in params:
        value = param.get("value")
        if isinstance(value, Mapping):
            value = next((value[n] for n in _VALUES if value.get(n) is not None), None)
        yield str(param["key"]), value


def _parsed(name: str, value: object) -> object:
    """Read JSON in a text cell that may hold it; other cells stay."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    if normalised(name) not in _JSON_CELLS:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
