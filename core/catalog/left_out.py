"""Rows that were left out: group them by reason, write them as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from core.base.csv_cells import cell
from core.domain import QuarantinedRow


@dataclass(frozen=True, slots=True)
class LeftOutReason:
    """Rows that were left out for one kind of reason.

    Attributes:
        column: The faulty column, if there is one.
        reason: The reason of the first of them.
        rows: The rows, in the file's order.
    """

    column: str
    reason: str
    rows: tuple[QuarantinedRow, ...]


def by_reason(rows: Iterable[QuarantinedRow]) -> tuple[LeftOutReason, ...]:
    """Group rows by column and kind of reason, the most frequent first."""
    groups: dict[tuple[str, str], list[QuarantinedRow]] = {}
    for row in rows:
        groups.setdefault((row.field, row.general_reason), []).append(row)
    reasons = [
        LeftOutReason(column, group[0].reason, tuple(group))
        for (column, _), group in groups.items()
    ]
    return tuple(sorted(reasons, key=lambda reason: -len(reason.rows)))


def left_out_csv(rows: Iterable[QuarantinedRow]) -> str:
    """Write the rows as CSV: row, item_id, column, reason; nothing in it runs as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("row", "item_id", "column", "reason"))
    for row in rows:
        writer.writerow([cell(value) for value in (row.row, row.item_id, row.field, row.reason)])
    return out.getvalue()
