"""Refuse small picture files that take much more time or memory than their pixels do.

Three kinds got past a limit of size: a JPEG of thousands of scans, each of which passes over all
pixels; a directory of metadata whose entries share their bytes, each of which is copied; a TIFF
with tiles far larger than the picture.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from contextlib import suppress

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from core.base.jpeg import SOS, segments
from core.errors import ImageError

#: Most scans of a JPEG; progressive ones have about ten.
MOST_SCANS = 100
#: Largest tile of a TIFF that is larger than the picture, pixels.
LARGEST_TILE = 4096 * 4096
#: How often a file's bytes are read at most, and a little more for small files.
_TIMES, _MORE = 8, 2**16

_EXIF, _MULTIPLE = b"Exif\0\0", b"MPF\0"
#: Tags of a TIFF: width and height of the picture, and of its tiles.
_PICTURE, _TILE = (256, 257), (322, 323)
_SHORT, _LONG8 = 3, 16


class BoundedBytes(io.BytesIO):
    """A file in memory that can't be read again and again without end."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = _TIMES * len(data) + _MORE

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes; raises ``ImageError`` where they were read many times."""
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ImageError("The picture is broken: its metadata is larger than the file.")
        return data


def open_bounded(data: bytes) -> io.BytesIO:
    """Return a picture's bytes as a file to open.

    Raises:
        ImageError: They are made to take much time or memory.
    """
    if data.startswith(b"\xff\xd8"):
        _check_jpeg(data)
    elif data.startswith((b"II", b"MM")):
        _check_tiles(data)
    return BoundedBytes(data)


def check_metadata(opened: Image.Image) -> None:
    """Check the EXIF data of an opened picture before it is read.

    Raises:
        ImageError: It is made to take much memory.
    """
    raw = opened.info.get("Raw profile type exif")
    if isinstance(raw, str):
        with suppress(ValueError):
            _check_directory(bytes.fromhex("".join(raw.split("\n")[3:])))
    exif = opened.info.get("exif")
    if isinstance(exif, bytes):
        _check_directory(exif)


def _check_jpeg(data: bytes) -> None:
    scans, exif = 0, b""
    for marker, start, end in segments(data):
        scans += marker == SOS
        if scans > MOST_SCANS:
            raise ImageError(f"The picture is broken: it has more than {MOST_SCANS} scans.")
        if data.startswith(_EXIF, start):
            exif += data[start + len(_EXIF) : end]
        elif data.startswith(_MULTIPLE, start):
            _check_directory(data[start + len(_MULTIPLE) : end])
    _check_directory(exif)


def _check_directory(data: bytes) -> None:
    """Read a directory of metadata as Pillow does, but within a bound."""
    while data.startswith(_EXIF):
        data = data[len(_EXIF) :]
    file = BoundedBytes(data)
    with suppress(SyntaxError, struct.error, IndexError):  # it is broken, and not read
        directory = ImageFileDirectory_v2(data[:8])
        file.seek(directory.next or 0)
        directory.load(file)


def _check_tiles(data: bytes) -> None:
    """Check the size of the tiles, whichever of several entries the decoder believes."""
    sizes: dict[int, list[int]] = {tag: [] for tag in (*_PICTURE, *_TILE)}
    with suppress(struct.error):
        for tag, value in _numbers(data):
            if tag in sizes:
                sizes[tag].append(value)
    picture = math.prod(min(sizes[tag], default=0) for tag in _PICTURE)
    tile = math.prod(max(sizes[tag], default=0) for tag in _TILE)
    if tile > max(LARGEST_TILE, 2 * picture):
        raise ImageError("The picture is broken: its tiles are larger than the picture.")


def _numbers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield tags and first values of a TIFF's first directory; raises ``struct.error``."""
    order = "<" if data.startswith(b"II") else ">"
    big = 43 in (data[2], data[3])
    (place,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)
    (count,) = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, place)
    start, step, value = (place + 8, 20, 12) if big else (place + 2, 12, 8)
    for entry in range(start, min(start + step * count, len(data)), step):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        form = f"{order}{'H' if kind == _SHORT else 'Q' if kind == _LONG8 else 'I'}"
        yield tag, struct.unpack_from(form, data, entry + value)[0]
