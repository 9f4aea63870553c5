"""Training pairs in a Lance table, which is read in ranges of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import lancedb
import pyarrow as pa

from core.errors import TrainingError
from core.training.pair_sources import LEAST_ITEMS

#: Ending of a table's folder.
ENDING = ".lance"
#: Rows read at once.
_CHUNK = 256
#: Columns that every table of pairs has.
_NEEDED = ("image", "text", "group")


def is_table(address: Path | str) -> bool:
    """Tell whether training pairs are a Lance table: a folder or a URI that ends in ``.lance``."""
    return str(address).rstrip("/").endswith(ENDING)


class PairTable:
    """A Lance table of training pairs, in a folder or in an object store.

    Columns: ``image`` (the file's bytes, or a struct that holds them in ``bytes``), ``text`` (a
    string, or a list of strings with the best first), ``group`` (what a split must not separate)
    and, where there is one, ``split``.

    Args:
        address: ``FOLDER/NAME.lance``, or a URI such as ``s3://BUCKET/NAME.lance``.

    Raises:
        TrainingError: There is no such table, or it lacks a column or has too few rows.
    """

    def __init__(self, address: str) -> None:
        folder, self.name = _parts(address)
        if "://" not in folder and not Path(folder, self.name).is_dir():
            raise TrainingError(f"There is no table {address}.")
        try:
            self._table = lancedb.connect(folder).open_table(self.name.removesuffix(ENDING))
            self.count = int(self._table.count_rows())
            names = set(self._table.schema.names)
            version = self._table.list_versions()[-1]
        except (ValueError, OSError, RuntimeError) as error:
            raise _unreadable(self.name, error) from None
        missing = [column for column in _NEEDED if column not in names]
        if missing:
            raise TrainingError(
                f"{self.name} has no column “{missing[0]}”; a table of training pairs needs image "
                "(bytes), text and group, and may have split."
            )
        if self.count < LEAST_ITEMS:
            raise TrainingError(
                f"{self.name} has {self.count} pairs; fine-tuning needs {LEAST_ITEMS} at least."
            )
        self._words = [column for column in ("text", "group", "split") if column in names]
        facts = f"{self.name} {version['version']} {version['timestamp']} {self.count}"
        self.digest = hashlib.sha256(facts.encode()).hexdigest()

    def words(self, start: int, stop: int) -> Iterator[list[dict[str, Any]]]:
        """Yield text, group and split of the rows ``start`` to ``stop``, in pieces."""
        for batch in self._read(start, stop, self._words):
            yield batch.to_pylist()

    def pictures(self, start: int, stop: int) -> Iterator[Any]:
        """Yield the values of ``image`` in the rows ``start`` to ``stop``."""
        for batch in self._read(start, stop, ["image"]):
            for value in batch.column("image"):
                yield value.as_py()

    def _read(self, start: int, stop: int, columns: list[str]) -> Iterator[pa.RecordBatch]:
        # In pieces with an end of their own: few pictures are in memory, and their order is sure.
        for at in range(start, stop, _CHUNK):
            some = min(_CHUNK, stop - at)
            try:
                table = self._table.search().select(columns).offset(at).limit(some).to_arrow()
            except (ValueError, OSError, RuntimeError) as error:
                raise _unreadable(self.name, error) from None
            yield from table.combine_chunks().to_batches()


def write_table(address: str, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write a Lance table in one version; one of that name is replaced.

    Raises:
        TrainingError: It can't be written there.
    """
    folder, name = _parts(address)
    batches = (batch for table in tables for batch in table.to_batches())
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    try:
        lancedb.connect(folder).create_table(name.removesuffix(ENDING), reader, mode="overwrite")
    except (ValueError, OSError, RuntimeError) as error:
        raise TrainingError(f"{name} can't be written: {_first_line(error)}.") from None


def _parts(address: str) -> tuple[str, str]:
    """Return the folder and the name of a table."""
    folder, slash, name = address.rstrip("/").rpartition("/")
    return folder or ("/" if slash else "."), name


def _unreadable(name: str, error: Exception) -> TrainingError:
    return TrainingError(f"{name} can't be read as a Lance table: {_first_line(error)}.")


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200].rstrip(".")
