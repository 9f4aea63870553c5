"""Make pictures for pages: small ones inline, masks as translucent overlays."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from core.domain import Mask
from core.ports.grounder import Heatmap

#: Longest side of a mask overlay: the browser scales it, so more pixels only cost time.
OVERLAY_SIDE = 512
#: Colours of a heat map from cold to hot, and how opaque they are.
_HEAT = ((255, 237, 160), (253, 141, 60), (189, 0, 38))
_HEAT_OPACITY = 0.75


def data_uri(picture: Image.Image, format: str = "PNG") -> str:
    """Return the picture as a ``data:`` URI."""
    buffer = io.BytesIO()
    picture.save(buffer, format)
    encoded = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f"data:image/{format.lower()};base64,{encoded}"


def mask_overlay(mask: Mask, colour: tuple[int, int, int], opacity: float = 0.45) -> str:
    """Return a mask as a translucent PNG of one colour, for laying over the photo."""
    alpha = Image.fromarray((mask.decode() * round(255 * opacity)).astype(np.uint8))
    alpha.thumbnail((OVERLAY_SIDE, OVERLAY_SIDE))
    overlay = Image.new("RGBA", alpha.size, (*colour, 0))
    overlay.putalpha(alpha)
    return data_uri(overlay)


def heat_overlay(heat: Heatmap) -> str:
    """Return a heat map ``[h, w]`` as a translucent PNG; the browser scales it to the photo."""
    share = heat / max(float(heat.max()), 1e-6)
    stops = np.linspace(0, 1, len(_HEAT))
    channels = [np.interp(share, stops, [colour[i] for colour in _HEAT]) for i in range(3)]
    pixels = np.stack([*channels, 255 * _HEAT_OPACITY * share], axis=-1).astype(np.uint8)
    small = Image.fromarray(pixels, "RGBA")
    return data_uri(small.resize((small.width * 8, small.height * 8), Image.Resampling.BICUBIC))
