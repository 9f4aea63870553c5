"""Write pairs of pictures and texts as Parquet, in the form that training reads."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from core.base.atomic import replacing
from core.training.pair_sources import Source

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


def write_pair_file(source: Source, target: Path) -> int:
    """Write a source's pictures (JPEG) and rewrites; return the number of rows.

    ``train NAME --pairs FILE`` reads the file, and so does everything that reads Parquet. Pictures
    that can't be read are left out. The file is replaced in one rename.
    """
    written = 0
    with replacing(target) as partial, pq.ParquetWriter(partial, _SCHEMA) as file:
        for table in _tables(source):
            file.write_table(table)
            written += table.num_rows
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
