"""Words written as a picture: CLIP's image tower can read (Goh et al. 2021).

The vector of a written text, less the mean of such vectors, points where photos of the thing lie.
A text stands on the middle strip of a white square. Only the patches of that strip go through the
tower: 57 or 85 tokens instead of 197.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.settings import SHIPPED

#: The font's file; its licence lies beside it.
FONT = SHIPPED / "fonts" / "DejaVuSans.ttf"
#: Longest text, characters; longer texts are cut.
LONGEST = 110
#: Side of the square, and heights of the strip that holds the words: an even number of patches.
SIDE, HEIGHTS = 224, (64, 96)
#: Sizes of the letters: the largest, the one below which the strip gets higher, the smallest.
_LARGEST, _WANTED, _SMALLEST = 32, 18, 7
_MARGIN, _LEADING = 4, 1.18


def write(text: str, font: Path = FONT) -> Image.Image:
    """Write "a photo of …" in black on a white strip, ``224 × height``, as large as fits."""
    caption = f"a photo of {' '.join(text.split())[:LONGEST]}"
    for height in HEIGHTS:
        size, lines = _fitting(caption, font, height)
        if size >= _WANTED:
            break
    strip, face = Image.new("RGB", (SIDE, height), "white"), _font(font, size)
    draw, top = ImageDraw.Draw(strip), (height - len(lines) * size * _LEADING) / 2
    for line in lines:
        draw.text(((SIDE - face.getlength(line)) / 2, top), line, font=face, fill="black")
        top += size * _LEADING
    return strip


def _fitting(caption: str, font: Path, height: int) -> tuple[int, list[str]]:
    """Return the largest size at which the caption fits, and its lines."""
    lines: list[str] = []
    for size in range(_LARGEST, _SMALLEST - 1, -1):
        face, lines = _font(font, size), [""]
        for word in caption.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and face.getlength(longer) > SIDE - 2 * _MARGIN:
                lines.append(word)
            else:
                lines[-1] = longer
        if len(lines) * size * _LEADING > height - 2:
            continue
        if max(map(face.getlength, lines)) <= SIDE - 2 * _MARGIN:
            return size, lines
    return _SMALLEST, lines


@lru_cache(maxsize=256)
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, size)
