"""Read catalogue files row by row: CSV, JSON lines and Parquet, never whole in memory."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from core.errors import CatalogError

_CSV = {".csv", ".tsv", ".txt"}
_JSONL = {".jsonl", ".ndjson"}
_PARQUET = {".parquet", ".pq"}
_DELIMITERS = (",", ";", "\t", "|")
#: Longest CSV field or JSON line, in characters.
_LONGEST = 64 * 2**20
#: Parquet rows decoded at a time: photos of some hundred kB each stay within a few dozen MB.
_BATCH = 64
#: JSON lines that are looked at to learn the columns.
_JSONL_HEAD = 100


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be parsed; ``reason`` is a sentence."""

    reason: str


Row = dict[str, object] | Unreadable


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """The rows of a catalogue file in order, with their numbers; the first is row 1.

    A row that can't be parsed comes as ``Unreadable`` and the rest goes on. Parquet cells keep
    their type (an image cell may be bytes, or ``{"bytes": …, "path": …}``); CSV cells are text.

    Raises:
        CatalogError: The file is missing, empty, of another kind than its name says, or damaged.
    """
    _check(path)
    suffix = path.suffix.lower()
    if suffix in _CSV:
        return _read_csv(path)
    return _read_jsonl(path) if suffix in _JSONL else _read_parquet(path)


def column_names(path: Path) -> tuple[str, ...]:
    """The names of a file's columns (JSON lines: of the first hundred rows).

    Raises:
        CatalogError: As ``read_rows``.
    """
    _check(path)
    suffix = path.suffix.lower()
    if suffix in _CSV:
        with _open_text(path) as file:
            return tuple(_header(file, path)[0])
    if suffix in _PARQUET:
        with _parquet(path) as file:
            return tuple(file.schema_arrow.names)
    head = itertools.islice(_read_jsonl(path), _JSONL_HEAD)
    names = dict.fromkeys(name for _, row in head if isinstance(row, dict) for name in row)
    if not names:
        raise CatalogError(
            f"“{path.name}” holds no JSON objects: every line must be one, like "
            '{"title": "…", "image": "…"}.'
        )
    return tuple(names)


def count_rows(path: Path) -> int:
    """The number of rows, for progress; Parquet knows it, the others are counted.

    Raises:
        CatalogError: As ``read_rows``.
    """
    _check(path)
    if path.suffix.lower() in _PARQUET:
        with _parquet(path) as file:
            return int(file.metadata.num_rows)
    if path.suffix.lower() in _CSV:
        return sum(1 for _ in _read_csv(path))
    with _open_text(path) as file:
        return sum(1 for line in file if line.strip())


# ── checks ───────────────────────────────────────────────────────────────────────────────────────
def _check(path: Path) -> None:
    suffix = path.suffix.lower()
    if not path.is_file():
        what = "is a folder, not a file" if path.is_dir() else "does not exist"
        raise CatalogError(f"The catalogue file “{path}” {what}.")
    if suffix not in _CSV | _JSONL | _PARQUET:
        raise CatalogError(
            f"“{path.name}” is not a kind of file that is read. Save the catalogue as CSV (.csv), "
            "JSON lines (.jsonl) or Parquet (.parquet)."
        )
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise CatalogError(f"“{path}” can't be read: {error.strerror}.") from None
    if not head.strip():
        raise CatalogError(f"“{path.name}” is empty.")
    if suffix in _PARQUET:
        if not head.startswith(b"PAR1"):
            raise CatalogError(f"“{path.name}” is not a Parquet file, whatever its name says.")
    elif head.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0")) or (
        b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    ):
        raise CatalogError(
            f"“{path.name}” is not a text file, whatever its name says. Save the catalogue as CSV, "
            "JSON lines or Parquet."
        )


def _open_text(path: Path) -> io.TextIOWrapper:
    """Open as UTF-8 (with or without BOM), UTF-16 with BOM, or else Windows-1252."""
    with path.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return path.open(encoding="utf-16", errors="replace", newline="")
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for block in iter(lambda: file.read(2**20), b""):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return path.open(encoding="cp1252", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", newline="")


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────
def _read_csv(path: Path) -> Iterator[tuple[int, Row]]:
    with _open_text(path) as file:
        names, reader = _header(file, path)
        number = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                number += 1
                yield (
                    number,
                    Unreadable(
                        f"This row (near line {reader.line_num}) is not valid CSV: {error}. "
                        "Check its quotation marks."
                    ),
                )
                continue
            if not cells:
                continue
            number += 1
            if len(cells) > len(names):
                yield (
                    number,
                    Unreadable(
                        f"This row (near line {reader.line_num}) has {len(cells)} fields and the "
                        f"header has {len(names)}. Put fields that hold the delimiter in "
                        "quotation marks."
                    ),
                )
                continue
            cells += [""] * (len(names) - len(cells))
            yield number, dict(zip(names, cells, strict=True))


def _header(file: io.TextIOWrapper, path: Path) -> tuple[list[str], Any]:
    """The column names, and the reader behind them."""
    # The limit belongs to the csv module as a whole; raising it harms nobody.
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST))
    first = file.readline(_LONGEST)
    while first and not first.strip():
        first = file.readline(_LONGEST)
    delimiter = max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark))))
    rest = iter(lambda: file.readline(_LONGEST), "")
    lines = (line.replace("\0", "") for line in itertools.chain([first], rest))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader)]
    except (csv.Error, StopIteration):
        raise CatalogError(
            f"The first row of “{path.name}” is not a row of column names."
        ) from None
    names = [name or f"column {number}" for number, name in enumerate(names, 1)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise CatalogError(
            f"“{path.name}” has more than one column named {', '.join(repeated)}. The first row "
            "must hold the column names, each once."
        )
    return names, reader


# ── JSON lines ───────────────────────────────────────────────────────────────────────────────────
def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    with _open_text(path) as file:
        number = 0
        for line in iter(lambda: file.readline(_LONGEST), ""):
            if not line.strip():
                continue
            number += 1
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, Unreadable(f"This line is not valid JSON: {error}.")
                continue
            if isinstance(row, dict):
                yield number, row
            else:
                yield number, Unreadable("This line is not a JSON object.")


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────────
def _read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    with _parquet(path) as file:
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_BATCH):
                for row in _rows(batch):
                    number += 1
                    yield number, row
        except (pa.ArrowException, OSError, ValueError) as error:
            raise CatalogError(
                f"“{path.name}” is damaged after row {number}: {str(error).splitlines()[0][:200]}"
            ) from None


def _rows(batch: pa.RecordBatch) -> Iterable[Row]:
    """Rows of a batch; where a value can't be converted, its row alone is unreadable."""
    try:
        rows: list[Row] = batch.to_pylist()
        return rows
    except Exception:  # one by one, to find the row at fault
        return map(_row, (batch.slice(start, 1) for start in range(batch.num_rows)))


def _row(single: pa.RecordBatch) -> Row:
    try:
        row: dict[str, object] = single.to_pylist()[0]
        return row
    except Exception as error:
        return Unreadable(f"A value can't be converted: {str(error).splitlines()[0][:200]}")


def _parquet(path: Path) -> pq.ParquetFile:
    try:
        # Buffered: a row group is read piece by piece, however large it is.
        return pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CatalogError(
            f"“{path.name}” is not a sound Parquet file: {str(error).splitlines()[0][:200]}"
        ) from None
