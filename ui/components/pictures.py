"""Pictures inside pages: small ones inline, masks as translucent overlays."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from core.domain import Mask

#: Longest side of a mask overlay: the browser scales it, so more pixels only cost time.
OVERLAY_SIDE = 512


def data_uri(picture: Image.Image, format: str = "PNG") -> str:
    """The picture as a ``data:`` URI."""
    buffer = io.BytesIO()
    picture.save(buffer, format)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/{format.lower()};base64,{encoded}"


def mask_overlay(mask: Mask, colour: tuple[int, int, int], opacity: float = 0.45) -> str:
    """A mask as a translucent PNG of one colour, for laying over the photo."""
    alpha = Image.fromarray((mask.decode() * round(255 * opacity)).astype(np.uint8))
    alpha.thumbnail((OVERLAY_SIDE, OVERLAY_SIDE))
    overlay = Image.new("RGBA", alpha.size, (*colour, 0))
    overlay.putalpha(alpha)
    return data_uri(overlay)
