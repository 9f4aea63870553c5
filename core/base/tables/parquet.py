"""Read Parquet: rows batch by batch, cells with their own types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.base.tables.table_rows import BadTable, Content, TableRow, check_width, column_names

#: Rows decoded at a time: photos of some hundred kB each stay within a few dozen MB.
_BATCH = 64
#: Bytes of one batch if all its rows repeat the largest value of a column.
_BATCH_BYTES = 256 * 2**20
#: Bytes that may always be unpacked; above this, a multiple of the file's size.
_ALWAYS_UNFOLDED = 256 * 2**20
_MOST_TIMES = 200


def read_parquet(path: Path) -> Content:
    """Open a Parquet file.

    Raises:
        BadTable: It is damaged, or has too many columns.
    """
    file = _opened(path)
    try:
        width = len(file.schema_arrow.names)
        check_width(width)
        _check_unfolded(_chunk_bytes(file.metadata), path.stat().st_size)
        names, notes = column_names(file.schema_arrow.names) if width else ([], ())
    except BadTable:
        file.close()
        raise
    except Exception as error:  # types that this version does not know
        file.close()
        raise BadTable(f"is not a sound Parquet file: {_first_line(error)}") from None
    rows = _rows(file, names, path.stat().st_size)
    return Content("Parquet", tuple(names), rows, notes=notes)


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


def _chunk_bytes(metadata: pq.FileMetaData, *, repeated: bool = False) -> int:
    """Return the bytes of all column chunks once they are unpacked, or of the largest row group's.

    Args:
        metadata: Of the file.
        repeated: Only the largest row group, and of it what its rows may repeat: a column with a
            dictionary holds each value once.
    """
    groups = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        chunks = [group.column(index) for index in range(group.num_columns)]
        groups.append(
            sum(c.total_uncompressed_size for c in chunks if c.has_dictionary_page or not repeated)
        )
    return max(groups, default=0) if repeated else sum(groups)


def _check_unfolded(size: int, file_size: int) -> None:
    """Refuse a file that was made to fill memory or time.

    Raises:
        BadTable
    """
    if size > max(_ALWAYS_UNFOLDED, _MOST_TIMES * file_size):
        raise BadTable(
            f"unfolds to more than {_MOST_TIMES} times its size, which no table of products does. "
            "If it is one all the same, write it as JSON lines."
        )


def _rows(file: pq.ParquetFile, names: list[str], file_size: int) -> Iterator[TableRow]:
    number, unfolded = 0, 0
    with file:
        row_bytes = max(1, _chunk_bytes(file.metadata, repeated=True))
        batches = file.iter_batches(batch_size=max(1, min(_BATCH, _BATCH_BYTES // row_bytes)))
        while True:
            try:
                batch = next(batches)
            except StopIteration:
                return
            except Exception as error:  # damage may raise anything
                raise BadTable(f"is damaged after row {number}: {_first_line(error)}") from None
            unfolded += batch.nbytes
            _check_unfolded(unfolded, file_size)
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
    """A value can't be converted to Python."""


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
