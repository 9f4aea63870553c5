"""Write events to CSV, JSON lines or Parquet, batch by batch."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.base.csv_cells import cell
from core.experiments.behaviour_events import SCHEMA


def write_events(batches: Iterable[pa.RecordBatch], path: Path, ending: str) -> int:
    """Write batches of the log's schema; return the number of events.

    Args:
        batches: The events.
        path: The file.
        ending: ``.csv``, ``.jsonl`` or ``.parquet``.
    """
    if ending == ".parquet":
        return _write_parquet(batches, path)
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if ending == ".csv":
            writer.writerow(SCHEMA.names)
        for row in _rows(batches):
            count += 1
            if ending == ".csv":
                writer.writerow([cell(value) for value in row.values()])
            else:
                kept = {name: value for name, value in row.items() if value not in (None, "")}
                file.write(json.dumps(kept, ensure_ascii=False) + "\n")
    return count


def _write_parquet(batches: Iterable[pa.RecordBatch], path: Path) -> int:
    count = 0
    with pq.ParquetWriter(path, SCHEMA) as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_batches([batch]).cast(SCHEMA))
            count += batch.num_rows
    return count


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for row in batch.to_pylist():
            yield {**row, "time": row["time"].isoformat()}
