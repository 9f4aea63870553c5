"""Words written as a picture: CLIP's image tower can read (Goh et al. 2021)."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from core.settings import SHIPPED

#: The font's file; its licence lies beside it.
FONT = SHIPPED / "fonts" / "DejaVuSans.ttf"
#: Longest text, characters; longer texts are cut.
LONGEST = 110
SIDE = 224
_MARGIN, _LARGEST, _SMALLEST, _LEADING = 4, 40, 12, 1.18


def write(text: str) -> Image.Image:
    """Write "a photo of …" in black on a white square, as large as fits."""
    caption = f"a photo of {' '.join(text.split())[:LONGEST]}"
    size, lines = _fitting(caption)
    picture = Image.new("RGB", (SIDE, SIDE), "white")
    draw, font = ImageDraw.Draw(picture), _font(size)
    top = (SIDE - len(lines) * size * _LEADING) / 2
    for line in lines:
        draw.text(((SIDE - font.getlength(line)) / 2, top), line, font=font, fill="black")
        top += size * _LEADING
    return picture


def _fitting(caption: str) -> tuple[int, list[str]]:
    """Return the largest size at which the caption fits, and its lines."""
    lines: list[str] = []
    for size in range(_LARGEST, _SMALLEST - 1, -1):
        font, lines = _font(size), [""]
        for word in caption.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and font.getlength(longer) > SIDE - 2 * _MARGIN:
                lines.append(word)
            else:
                lines[-1] = longer
        fits = max(map(font.getlength, lines)) <= SIDE - 2 * _MARGIN
        if fits and len(lines) * size * _LEADING <= SIDE:
            return size, lines
    return _SMALLEST, lines


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, size)
