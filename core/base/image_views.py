"""Image views: the picture of an item that an encoder gets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain import Engine, Grounding, ImageView
from core.domain.detection import PICTURE, SALIENT

Vectors = npt.NDArray[np.float32]

#: Colour around the product in a cut-out: the one that the encoders pad with.
NEUTRAL = (255, 255, 255)


#: A busy photo's product fills less than this share of it.
CLUTTERED = 0.5


def is_busy(grounding: Grounding | None) -> bool:
    """Tell whether the product was found in a photo that shows more than the product.

    The product then fills less than half of the photo, and was looked for by its name: it does not
    stand alone on a plain background.
    """
    best = grounding.best if grounding else None
    if grounding is None or best is None or best.phrase in (SALIENT, PICTURE):
        return False
    return best.box.area < CLUTTERED * grounding.width * grounding.height


def photo_share(engine: Engine, grounding: Grounding | None, photo: Image.Image) -> float:
    """Return the share of the whole photo in the vector of an item's picture.

    0 where the picture is the whole photo anyway; 1 where a crop would have too few pixels.

    Args:
        engine: Its recipe has the shares.
        grounding: Where the product is in the photo.
        photo: The stored photo; only a recipe with a share for plain backgrounds looks at it.
    """
    if not reads_part(engine, grounding):
        cut = engine.image_view is not ImageView.PHOTO and grounding and grounding.best
        return 1.0 if cut else 0.0
    if engine.plain_share and _is_plain(photo):
        return engine.plain_share
    return engine.busy_share if is_busy(grounding) else engine.photo_share


def _is_plain(photo: Image.Image) -> bool:
    from core.base.background import plain_foreground  # slow to import

    return plain_foreground(photo) is not None


def reads_part(engine: Engine, grounding: Grounding | None) -> bool:
    """Tell whether an engine embeds the part with the product, and not only the whole photo."""
    if engine.image_view is ImageView.PHOTO or grounding is None or grounding.best is None:
        return False
    return grounding.best.box.area >= engine.smallest_crop**2


def mixed(first: Vectors, second: Vectors, share: float | Vectors) -> Vectors:
    """Return ``normalise((1 - share) * first + share * second)``, ``[n, d] float32``.

    Args:
        first: ``[n, d] float32, L2-normalised``.
        second: The same.
        share: One number for all, or one per row.
    """
    part = np.asarray(share, np.float32).reshape(-1, 1)
    total = (1 - part) * first + part * second
    length = np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    unit: Vectors = (total / length).astype(np.float32)
    return unit


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
