"""Clean untrusted text: no markup, no addresses, no pictographs, bounded length."""

from __future__ import annotations

import html
import re
import unicodedata

#: Characters of a field that are looked at; a longer text says nothing more that can be seen.
TITLE_LIMIT = 500
DESCRIPTION_LIMIT = 4_000

_INVISIBLE_ELEMENT = re.compile(r"<(script|style)\b[^<>]{0,500}>.*?(?:</\1\s*>|\Z)", re.I | re.S)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>]{0,500}>?")
_ADDRESS = re.compile(r"\b(?:https?://|www\.)\S{1,2000}|\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.]{2,64}")
_SPACE = re.compile(r"\s+")
_LEGAL = re.compile(r"[™®©℠]|\((?:tm|r|c)\)", re.I)
_PUNCTUATION_RUN = re.compile(r"([!?.,;:*_~#=|+/\\-])\1+")
#: Unicode categories left out: pictographs, private and unassigned characters, controls.
_LEFT_OUT = {"So", "Sk", "Cs", "Co", "Cn", "Cc", "Cf"}
_TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-"})


def plain(text: str, limit: int) -> str:
    """Return text without markup, addresses, pictographs and control characters, on one line.

    Args:
        text: Anything, of any length.
        limit: Most characters that are looked at.
    """
    text = text[: 2 * limit]
    for _ in range(2):  # markup is often escaped once too often
        text = _INVISIBLE_ELEMENT.sub(" ", html.unescape(text))
        text = _TAG.sub(" ", text)
    text = _LEGAL.sub("", _ADDRESS.sub(" ", text)).translate(_TYPOGRAPHIC)
    text = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or unicodedata.category(character) not in _LEFT_OUT
    )
    text = _PUNCTUATION_RUN.sub(r"\1", text)
    return _SPACE.sub(" ", text).strip()[:limit]


def capitalised(text: str) -> str:
    """Return the text with its first letter in upper case and nothing else changed."""
    return text[:1].upper() + text[1:]


def has_words(text: str) -> bool:
    """Tell whether there is a word of at least two letters (or one ideograph)."""
    # vowel signs are no letters to Python, so they would part the letters of an Indic word
    text = "".join(c for c in text if not unicodedata.category(c).startswith("M"))
    return bool(re.search(r"[^\W\d_]{2}", text)) or any(
        ord(c) > 0x2E80 and c.isalpha() for c in text
    )
