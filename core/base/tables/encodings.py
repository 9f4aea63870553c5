"""Detect how a text file is encoded, reading all of it, and report what was guessed.

UTF-8 is recognised by its own rules, and so are byte order marks. The rest is guessed
(``encoding_guess``), or the result is "unsure".
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import chardet

from core.base.counts import counted, verb
from core.base.tables.encoding_guess import CODECS, WIDE, WORD, guess, is_nonsense

_BLOCK = 2**20
_HEAD = 2**16
#: Bytes of lines that are not UTF-8, spread over the file; the guess is made from them.
_EVIDENCE = 2**16
#: Longest part of a line that is read, bytes.
_PIECE = 4096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_WIDE_UNICODE = {"utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a text file is encoded.

    Attributes:
        codec: What Python calls it.
        label: What people call it.
        fallback: Codec of the lines that are not valid in ``codec``; empty where none is known.
        notes: Sentences on what was guessed or is odd.
    """

    codec: str
    label: str
    fallback: str = ""
    notes: tuple[str, ...] = ()


class NotText(Exception):
    """The bytes are not text."""


class Unsure(Exception):
    """The bytes are text in an encoding that can't be detected."""


def detect(opened: Callable[[], BinaryIO]) -> Encoding:
    """Detect how a text file is encoded.

    Args:
        opened: Opens the file's bytes, anew each time.

    Raises:
        NotText, Unsure
    """
    with opened() as file:
        head = file.read(_HEAD)
    for mark, codec, label in _MARKS:
        if head.startswith(mark):
            if codec != "utf-8-sig":
                return Encoding(codec, label)
            return _utf_8(opened, codec)
    if b"\0" in head[:4096]:
        return _without_mark(head)
    if head.isascii() and b"\x1b$" in head:
        return _guessed(_lines(opened))
    return _utf_8(opened, "utf-8")


def _without_mark(head: bytes) -> Encoding:
    """Detect UTF-16 or UTF-32 without a byte order mark, by its many NUL bytes."""
    codec = chardet.detect(head, compat_names=False)["encoding"] or ""
    if codec not in _WIDE_UNICODE:
        raise NotText
    decoder = codecs.getincrementaldecoder(codec)("replace")
    if is_nonsense(decoder.decode(head).replace("\0", "")):
        raise NotText
    label = codec.upper()
    return Encoding(
        codec, label, notes=(f"The file does not name its encoding; it was read as {label}.",)
    )


def _utf_8(opened: Callable[[], BinaryIO], codec: str) -> Encoding:
    damaged = _lost(opened)
    if damaged < 0:
        return _guessed(_lines(opened), codec)
    notes = (
        f"The text holds {damaged:,} times the sign �, which stands for characters that an "
        "earlier program lost. They can't be brought back here.",
    )
    return Encoding(codec, "UTF-8", notes=notes if damaged else ())


def _lost(opened: Callable[[], BinaryIO]) -> int:
    """Count � in a file; return -1 if the file is not UTF-8."""
    decoder, lost = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        with opened() as file:
            for block in iter(lambda: file.read(_BLOCK), b""):
                lost += decoder.decode(block).count("\ufffd")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return -1
    return lost


def _lines(opened: Callable[[], BinaryIO]) -> Iterator[tuple[int, bytes]]:
    """Yield line numbers and pieces of the lines."""
    number = 1
    with opened() as file:
        for piece in iter(lambda: file.readline(_PIECE), b""):
            yield number, piece
            number += piece.endswith(b"\n")


@dataclass(slots=True)
class _Seen:
    """Counts of a file's lines: valid UTF-8 beyond ASCII, and not valid."""

    valid: int = 0
    wrong: int = 0
    first: int = 0
    script: str = ""


def _guessed(lines: Iterable[tuple[int, bytes]], codec: str = "utf-8") -> Encoding:
    """Return the encoding of lines of which at least one is no valid UTF-8.

    Valid lines stay UTF-8, unless they are so few that this may be chance.

    Raises:
        Unsure
    """
    seen, sample = _Seen(), _Sample()
    for number, line in lines:
        if line.isascii() and b"\x1b" not in line:
            continue
        text = _as_utf_8(line)
        if text is None or "\x1b$" in text:
            seen.wrong += 1
            seen.first = seen.first or number
            sample.add(line)
        else:
            seen.valid += 1
            if len(seen.script) < 2000:
                seen.script += "".join(mark for mark in text if ord(mark) > 127)[:50]
    name = guess(sample.content(), seen.script)
    if seen.valid == 0 or (name in WIDE and seen.valid * 4 < seen.wrong):
        if not name:
            raise Unsure
        label = CODECS[name][0]
        note = (
            f"The file is not UTF-8. It was read as {label}, for example "
            f"{_examples(sample.content().decode(name, 'replace'))}. If that is wrong, save the "
            "file as UTF-8."
        )
        return Encoding(name, label, notes=(note,))
    return _mixed(seen, name, codec)


def _mixed(seen: _Seen, name: str, codec: str) -> Encoding:
    """Return UTF-8 with some lines in another encoding."""
    if not name and seen.wrong > seen.valid:
        raise Unsure
    lines = f"{counted(seen.wrong, 'line')}"
    are = verb(seen.wrong, "is", "are")
    done = (
        f"read as {CODECS[name][0]}; please check {'it' if seen.wrong == 1 else 'them'}"
        if name
        else "left out, since their encoding can't be told"
    )
    start = "first " if seen.wrong > 1 else ""
    note = (
        f"The file is UTF-8, but {lines} ({start}line {seen.first}) {are} not: {done}. "
        "Save the file as UTF-8 to be sure."
    )
    return Encoding(codec, "UTF-8", fallback=name, notes=(note,))


def _as_utf_8(line: bytes) -> str | None:
    """Return the line's text; a character that is cut at the end of the piece is ignored."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(line)
    except UnicodeDecodeError:
        # A long line comes in pieces, so its first bytes may belong to a cut character, too.
        start = next((n for n, byte in enumerate(line[:4]) if byte & 0xC0 != 0x80), 0)
        if not 0 < start < 4:
            return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(line[start:])
    except UnicodeDecodeError:
        return None


def _examples(text: str) -> str:
    """Return up to three words that depend on the encoding."""
    words = list(dict.fromkeys(match[0][:30] for match in WORD.finditer(text)))[:3]
    return ", ".join(f"“{word}”" for word in words) or "its signs"


class _Sample:
    """Lines spread evenly over a file of any length."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []
        self._size = 0
        self._step = 1
        self._number = 0

    def add(self, line: bytes) -> None:
        """Take the next line into account."""
        self._number += 1
        if self._number % self._step:
            return
        self._kept.append(line)
        self._size += len(line)
        if self._size > _EVIDENCE and len(self._kept) > 1:
            self._kept = self._kept[1::2]
            self._size = sum(map(len, self._kept))
            self._step *= 2

    def content(self) -> bytes:
        """Return the kept lines."""
        return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in self._kept)
