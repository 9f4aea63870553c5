"""Rows of a table to values; a row that can't be decoded is left out and named in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from core.store.damage import plain_reason

T = TypeVar("T")
Row = Mapping[str, Any]

_log = logging.getLogger(__name__)

#: What decoding a row of unexpected content raises.
UNDECODABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError)


def decoded(
    rows: Iterable[Row], decode: Callable[[Any], T], table: str, key: str
) -> Iterator[tuple[Row, T]]:
    """Yield each row with its value, without the rows that can't be decoded.

    Args:
        rows: Rows as mappings.
        decode: Row → value.
        table: Name of the table, for the log.
        key: Column that names a row, for the log.
    """
    for row in rows:
        try:
            value = decode(row)
        except UNDECODABLE as error:
            warn(table, str(row.get(key, "")), error)
            continue
        yield row, value


def warn(table: str, name: str, error: Exception) -> None:
    """Name a row that can't be read, and the reason, in the log."""
    _log.warning(
        "The row “%s” of the table “%s” can't be read (%s: %s); it is left out.",
        name[:100], table, type(error).__name__, plain_reason(error),
    )  # fmt: skip
