"""Parquet: rows batch by batch, cells with the types they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.base.tables.rows import BadTable, Content, TableRow, check_width, column_names

#: Rows decoded at a time: photos of some hundred kB each stay within a few dozen MB.
_BATCH = 64


def read_parquet(path: Path) -> Content:
    """Open a Parquet file.

    Raises:
        BadTable: It is damaged, or has too many columns.
    """
    file = _opened(path)
    try:
        width = len(file.schema_arrow.names)
        check_width(width)
        names, notes = column_names(file.schema_arrow.names) if width else ([], ())
    except BadTable:
        file.close()
        raise
    except Exception as error:  # types that this version does not know
        file.close()
        raise BadTable(f"is not a sound Parquet file: {_first_line(error)}") from None
    return Content("Parquet", tuple(names), _rows(file, names), notes=notes)


def parquet_metadata(path: Path) -> dict[bytes, bytes]:
    """Return the file's metadata.

    Raises:
        BadTable: It is damaged.
    """
    with _opened(path) as file:
        return dict(file.schema_arrow.metadata or {})


def parquet_rows(path: Path) -> int:
    """Return the number of rows in the file's metadata.

    Raises:
        BadTable: It is damaged.
    """
    with _opened(path) as file:
        return int(file.metadata.num_rows)


def _opened(path: Path) -> pq.ParquetFile:
    try:
        # Buffered: a row group is read piece by piece, however large it is.
        return pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False)
    except Exception as error:  # damage may raise anything
        raise BadTable(f"is not a sound Parquet file: {_first_line(error)}") from None


def _rows(file: pq.ParquetFile, names: list[str]) -> Iterator[TableRow]:
    number = 0
    with file:
        batches = file.iter_batches(batch_size=_BATCH)
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                return
            except Exception as error:  # damage may raise anything
                raise BadTable(f"is damaged after row {number}: {_first_line(error)}") from None
            yield from _batch_rows(batch, names, number)
            number += batch.num_rows


def _batch_rows(batch: pa.RecordBatch, names: list[str], before: int) -> Iterator[TableRow]:
    columns = [_values(column) for column in batch.columns]
    for index in range(batch.num_rows):
        number = before + index + 1
        try:
            cells = {name: column(index) for name, column in zip(names, columns, strict=True)}
        except _Unconvertible:
            yield TableRow(number, number, problem=_problem(columns, names, index))
        else:
            yield TableRow(number, number, cells)


class _Unconvertible(Exception):
    """A value has no form in Python."""


def _values(column: pa.Array) -> Callable[[int], object]:
    """Return a column's cells by their position; fast where all can be converted."""
    try:
        values: list[object] = column.to_pylist()
    except Exception:  # a date beyond the year 9999, text that is no text: one by one then
        return lambda index: _value(column[index])
    return values.__getitem__


def _value(scalar: pa.Scalar) -> object:
    try:
        return scalar.as_py()
    except Exception as error:
        raise _Unconvertible(_first_line(error)) from None


def _problem(columns: list[Callable[[int], object]], names: list[str], index: int) -> str:
    for name, column in zip(names, columns, strict=True):
        try:
            column(index)
        except _Unconvertible as error:
            return f"This row can't be read: the value in the column “{name[:60]}” can't be converted ({error})."  # noqa: E501
    return "This row can't be read."


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__
