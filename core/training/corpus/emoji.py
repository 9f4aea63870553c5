"""Emoji: the bitmaps of Noto Color Emoji (OFL-1.1) with the names of Unicode CLDR (Unicode-3.0)."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image

from core.training.corpus.record import TitledPicture, clean

_FONT = "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
_NAMES = "usr/share/unicode/cldr/common/annotations/en.xml"


def emoji(folder: Path) -> Iterator[TitledPicture]:
    """Yield every emoji of one code point, named and with keywords.

    Args:
        folder: Where ``fonts-noto-color-emoji`` and ``unicode-cldr-core`` were unpacked.
    """
    font = TTFont(folder / _FONT)
    glyphs, bitmaps = font.getBestCmap(), font["CBDT"].strikeData[0]
    names: dict[str, str] = {}
    keywords: dict[str, str] = {}
    for entry in ET.parse(folder / _NAMES).iter("annotation"):  # noqa: S314
        table = names if entry.get("type") == "tts" else keywords
        table[entry.get("cp", "")] = entry.text or ""
    for character, name in names.items():
        points = [ord(part) for part in character if part != "\ufe0f"]
        glyph = glyphs.get(points[0]) if len(points) == 1 else None
        data = getattr(bitmaps.get(glyph), "imageData", None) if glyph else None
        if not data:
            continue
        words = ", ".join(part.strip() for part in keywords.get(character, "").split("|"))
        texts = clean([name, words, f"an icon of {name}"])
        load = partial(_open, data)
        yield TitledPicture(f"emoji:{points[0]:x}", "emoji", name, "train", texts, load)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))
