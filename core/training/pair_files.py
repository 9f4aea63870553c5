"""Write pairs of pictures and texts in the forms that training reads."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from core.base.atomic import replacing
from core.training.pair_sources import Source
from core.training.pair_tables import is_table, write_table

#: Quality of the pictures' JPEG.
_QUALITY = 95
#: Rows written at once.
_CHUNK = 256
_SCHEMA = pa.schema(
    [
        ("item_id", pa.string()),
        ("image", pa.binary()),
        ("text", pa.string()),
        ("title", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
    ]
)


def write_pair_file(source: Source, target: Path | str) -> int:
    """Write a source's pictures (JPEG) and rewrites; return the number of rows.

    ``train NAME --pairs FILE`` reads the Parquet file, or the Lance table where the name ends in
    ``.lance``. Pictures that can't be read are left out. What is there is replaced at once.
    """
    written = 0

    def tables() -> Iterator[pa.Table]:
        nonlocal written
        for table in _tables(source):
            written += table.num_rows
            yield table

    if is_table(target):
        write_table(str(target), _SCHEMA, tables())
        return written
    with replacing(Path(target)) as partial, pq.ParquetWriter(partial, _SCHEMA) as file:
        for table in tables():
            file.write_table(table)
    return written


def _tables(source: Source) -> Iterator[pa.Table]:
    pairs = source.pairs
    rows: list[dict[str, object]] = []
    for number, picture in enumerate(source.pictures()):
        if picture is not None:
            rows.append(
                {
                    "item_id": pairs.keys[number],
                    "image": _jpeg(picture),
                    "text": pairs.texts[number][-1],
                    "title": pairs.texts[number][0],
                    "group": str(pairs.groups[number]),
                    "split": str(pairs.splits[number]),
                }
            )
        if len(rows) >= _CHUNK:
            yield _table(rows)
            rows = []
    if rows:
        yield _table(rows)


def _table(rows: Iterable[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=_SCHEMA)


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
