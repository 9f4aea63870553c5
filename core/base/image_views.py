"""Image views: exactly the picture of an item that an encoder gets."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.domain import Grounding, ImageView

#: What takes the place of everything around the product in a cut-out: the encoders' own padding.
NEUTRAL = (255, 255, 255)


def image_view(
    photo: Image.Image, grounding: Grounding | None, view: ImageView, padding: float
) -> Image.Image:
    """The photo, the product's crop, or the product alone on a neutral ground.

    Where nothing was found with confidence, ``crop`` and ``cutout`` are the whole photo.

    Args:
        photo: The stored photo, upright RGB.
        grounding: Where the product is, in pixels of this photo.
        view: Which picture.
        padding: Space around the box, as a share of its longer side.
    """
    best = grounding.best if grounding else None
    if view is ImageView.PHOTO or best is None:
        return photo
    box = best.box.padded(padding, photo.width, photo.height)
    if view is ImageView.CUTOUT and best.mask is not None and best.mask.area:
        alpha = Image.fromarray(best.mask.decode().astype(np.uint8) * 255)
        photo = Image.composite(photo, Image.new("RGB", photo.size, NEUTRAL), alpha)
    return photo.crop(box.as_xyxy())
