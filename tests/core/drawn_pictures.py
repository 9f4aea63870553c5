"""Pictures of a product on a plain background and before other things, drawn."""

from __future__ import annotations

from PIL import Image, ImageDraw

from core.domain import Box

#: Box of the disc in ``packshot`` and ``scene``.
DISC = Box(60, 40, 160, 140)


def disc(ground: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (240, 180), ground)
    ImageDraw.Draw(image).ellipse((60, 40, 159, 139), fill=(250, 140, 20))
    return image


def packshot() -> Image.Image:
    """Draw an orange disc on white."""
    return disc((255, 255, 255))


def scene() -> Image.Image:
    """Draw the same disc on stripes."""
    image = disc((60, 90, 60))
    draw = ImageDraw.Draw(image)
    for left in range(0, 240, 24):
        draw.rectangle((left, 0, left + 11, 39), fill=(200, 200, 255))
        draw.rectangle((left, 140, left + 11, 180), fill=(20, 20, 90))
    return image
