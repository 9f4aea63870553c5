"""Turn cells of any type into clean, bounded text."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Mapping

#: Texts that spreadsheets and data frames write into empty cells ("NAN" could be a brand).
_EMPTY = {"nan", "NaN", "NaT", "null", "NULL", "None", "<NA>", "N/A", "#N/A"}
#: Deepest nesting of lists that is read.
_DEEPEST = 20
#: Embeddings, marks that turn the direction of text, zero-width spaces and byte order marks.
_HIDDEN = re.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNDECODABLE = re.compile(r"[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACE = re.compile(r"\s+")
_LINE_SPACE = re.compile(r"[^\S\n]+")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_UNSEEN = re.compile(
    r"<!--.{0,2000}?-->|<(script|style)\b[^<>]{0,500}>.*?(?:</\1\s*>|\Z)", re.I | re.S
)
#: Tags that begin a new line.
_BLOCK = re.compile(
    r"</?(?:p|div|br|li|ul|ol|tr|table|h[1-6]|section|article|dd|dt|blockquote)\b[^<>]{0,500}>",
    re.I,
)
_CELL = re.compile(r"</?t[dh]\b[^<>]{0,500}>", re.I)
_BLANK_LINES = re.compile(r"\n\s*\n\s*")


def clean(value: object, limit: int, *, multiline: bool = False) -> str:
    """Return the text of a cell: no control characters, NFC, spaces collapsed, cut to a length.

    Args:
        value: A cell as a reader gives it; ``None``, NaN and the words that stand for them are
            empty, a list is joined with commas, anything nested is empty.
        limit: Most characters that are kept.
        multiline: Keep line breaks.
    """
    text = _plain(value)
    if not text or text in _EMPTY:
        return ""
    text = _UNDECODABLE.sub("", _HIDDEN.sub("", text[: 4 * limit]))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub(" ", unicodedata.normalize("NFC", text))
    if multiline:
        text = _BLANK_LINES.sub("\n\n", _LINE_SPACE.sub(" ", text))
    else:
        text = _SPACE.sub(" ", text)
    text = text.strip()
    if len(text) > limit:
        text = text[:limit].rstrip()
    return "" if text in _EMPTY else text


def _plain(value: object, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, (bytes, bytearray, memoryview, Mapping)):
        return ""
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        # A whole number in a column with gaps arrives as 1001.0.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, (list, tuple, set)):
        parts = (_plain(part, depth + 1) for part in value if depth < _DEEPEST)
        return ", ".join(part for part in parts if part and part not in _EMPTY)
    return str(value)


def without_markup(text: str) -> str:
    """Return a title without HTML: "Fish &amp; Chips <b>Bowl</b>" gives "Fish & Chips Bowl"."""
    for _ in range(2):  # markup is often escaped once too often
        text = _TAG.sub(" ", html.unescape(text))
    return _SPACE.sub(" ", text).strip()


def text_of_markup(text: str) -> str:
    """Return a description without HTML, line by line, without scripts and styles."""
    if "<" not in text and "&" not in text:
        return text
    for _ in range(2):
        text = _CELL.sub(" ", _BLOCK.sub("\n", _UNSEEN.sub(" ", html.unescape(text))))
        text = _TAG.sub("", text)
    lines = (_SPACE.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)
