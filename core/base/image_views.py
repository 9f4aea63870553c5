"""Image views: the picture of an item that an encoder gets."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.domain import Grounding, ImageView

#: Colour around the product in a cut-out: the one that the encoders pad with.
NEUTRAL = (255, 255, 255)


def image_view(
    photo: Image.Image, grounding: Grounding | None, view: ImageView, padding: float
) -> Image.Image:
    """Return the photo, the product's crop, or the product alone on a neutral background.

    If no detection reaches the threshold, ``crop`` and ``cutout`` give the whole photo.

    Args:
        photo: The stored photo, upright RGB.
        grounding: Where the product is, in pixels of this photo.
        view: The view to make.
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
