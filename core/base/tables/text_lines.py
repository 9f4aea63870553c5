"""Read text files line by line: unpacked, decoded, of bounded length, damaged lines marked."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.base.tables.encodings import Encoding
from core.base.tables.table_rows import LONGEST, BadTable

#: Most bytes that a packed file may hold.
_MOST_UNPACKED = 2**30
#: Bytes that may always be unpacked; above this, a multiple of the packed size. Feeds unpack to 5
#: to 30
#: times their size, a file that is made to fill memory or time to a thousand times.
_ALWAYS_UNPACKED = 32 * 2**20
_MOST_TIMES = 200
#: Most packed files in a row within one file.
_MOST_MEMBERS = 100_000
_BLOCK = 2**16
#: How bytes that are not valid look after decoding.
_ESCAPED = re.compile("[\udc80-\udcff]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the file, its text with its line end, and its problem, if any."""

    number: int
    text: str
    problem: str = ""


def is_packed(path: Path) -> bool:
    """Return whether a file is packed with gzip, whatever its name says."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def open_bytes(path: Path) -> BinaryIO:
    """Return the bytes of a file, unpacked on the fly where it is packed with gzip."""
    if is_packed(path):
        return io.BufferedReader(_Unpacked(path), _BLOCK)
    return path.open("rb")


class _Unpacked(io.RawIOBase):
    """A gzip file's content; damage and excessive size raise errors with a sentence."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._decoder = zlib.decompressobj(wbits=31)
        self._total = 0
        self._members = 1

    def readable(self) -> bool:
        """Return whether it can be read."""
        return True

    def close(self) -> None:
        """Close the underlying file."""
        self._file.close()
        super().close()

    def readinto(self, buffer: object) -> int:
        """Fill a buffer."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._next(len(view))
        view[: len(data)] = data
        self._total += len(data)
        self._check_size()
        return len(data)

    def _check_size(self) -> None:
        if self._total > _MOST_UNPACKED:
            raise BadTable(
                f"holds more than {_MOST_UNPACKED // 2**20:,} MB when it is unpacked. Unpack it, "
                "and give the file that was in it."
            )
        if self._total > _ALWAYS_UNPACKED and self._total > _MOST_TIMES * self._file.tell():
            raise BadTable(
                f"unpacks to more than {_MOST_TIMES} times its size, which no table does. If it is "
                "one all the same, unpack it, and give the file that was in it."
            )

    def _next(self, most: int) -> bytes:
        while True:
            packed = self._decoder.unconsumed_tail
            if self._decoder.eof:  # packed files may stand one behind the other
                packed = self._decoder.unused_data or self._file.read(_BLOCK)
                if not packed.strip(b"\0"):
                    return b""
                self._members += 1
                if self._members > _MOST_MEMBERS:
                    raise BadTable(f"is made of more than {_MOST_MEMBERS:,} packed files.")
                self._decoder = zlib.decompressobj(wbits=31)
            packed = packed or self._file.read(_BLOCK)
            try:
                data = self._decoder.decompress(packed, most)
            except zlib.error:
                raise BadTable("is damaged: it can't be unpacked.") from None
            if data:
                return data
            if not packed:
                raise BadTable("is cut short: it can't be unpacked to its end.")


def read_lines(path: Path, encoding: Encoding, longest: int = LONGEST) -> Iterator[Line]:
    """Yield the lines of a text file in order, without NUL characters.

    A line that is too long, or that is not valid in the file's encoding, comes with a problem.
    """
    with (
        open_bytes(path) as file,
        io.TextIOWrapper(file, encoding.codec, errors=_errors(encoding), newline="") as text,
    ):
        number = 0
        for line in iter(lambda: text.readline(longest), ""):
            number += 1
            if len(line) == longest and not line.endswith(("\n", "\r")):
                _skip_line(text)
                yield Line(number, "\n", f"Line {number} is longer than {longest:,} characters.")
                continue
            if line == "\ufffd":  # half a character at the end of UTF-16
                continue
            if not line.isascii() and _ESCAPED.search(line):
                yield _mended(number, line, encoding)
                continue
            yield Line(number, line.replace("\0", "") if "\0" in line else line)


def _skip_line(text: io.TextIOWrapper) -> None:
    while True:
        rest = text.readline(_BLOCK)
        if len(rest) < _BLOCK or rest.endswith(("\n", "\r")):
            return


def _mended(number: int, line: str, encoding: Encoding) -> Line:
    """Return a line with bytes that are not valid: read in the other encoding, or marked."""
    if encoding.fallback:
        try:
            return Line(number, _other(line, encoding).replace("\0", ""))
        except UnicodeDecodeError:
            pass
    return Line(
        number,
        _ESCAPED.sub("\ufffd", line),  # its quotation marks still tell where the row ends
        f"Line {number} holds characters that are not valid {encoding.label}. Save the file as "
        "UTF-8, or write the line anew.",
    )


def _other(line: str, encoding: Encoding) -> str:
    bare = _ESCAPED.sub("", line)
    if bare.isascii():  # all of the line is in the other encoding
        return _decoded(line, encoding.fallback)
    return _ESCAPED.sub(lambda match: _decoded(match[0], encoding.fallback), line)


def read_blocks(path: Path, encoding: Encoding) -> Iterator[str]:
    """Yield the text of a file in blocks, for formats that have no lines.

    Raises:
        BadTable: It holds characters that are not valid.
    """
    with (
        open_bytes(path) as file,
        io.TextIOWrapper(file, encoding.codec, errors=_errors(encoding), newline="") as text,
    ):
        for block in iter(lambda: text.read(_BLOCK), ""):
            if not block.isascii() and _ESCAPED.search(block):
                block = _mended_block(block, encoding)
            yield block


def _mended_block(block: str, encoding: Encoding) -> str:
    try:
        if encoding.fallback:
            return _ESCAPED.sub(lambda match: _decoded(match[0], encoding.fallback), block)
    except UnicodeDecodeError:
        pass
    raise BadTable(f"holds characters that are not valid {encoding.label}. Save it as UTF-8.")


def _decoded(escaped: str, codec: str) -> str:
    return escaped.encode("ascii", "surrogateescape").decode(codec)


def _errors(encoding: Encoding) -> str:
    """Return the decoder's error handling: � in UTF-16 and UTF-32; else bad bytes are kept, to be
    checked line by line."""
    return "replace" if encoding.codec.startswith(("utf-16", "utf-32")) else "surrogateescape"
