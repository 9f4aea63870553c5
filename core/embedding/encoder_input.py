"""Show the picture that an encoder gets."""

from __future__ import annotations

import numpy as np
from PIL import Image

from core.ports.encoder import Encoder, Normalises


def preview(encoder: Encoder, image: Image.Image) -> Image.Image:
    """Return the encoder's input for ``image``: cropped, padded and scaled, in true colours.

    Where an encoder does not say how it normalises, its input is stretched to the full range of
    brightness. Where it prepares no pixels, its input is the picture itself.
    """
    prepared = encoder.prepare([image])[0]
    pixels = prepared if isinstance(prepared, np.ndarray) else prepared.cpu().numpy()
    if pixels.ndim != 3 or pixels.shape[0] != 3:
        return image
    if isinstance(encoder, Normalises):
        mean, std = (np.array(values).reshape(3, 1, 1) for values in encoder.normalisation)
        pixels = np.clip(np.rint((pixels * std + mean) * 255), 0, 255)
    elif pixels.dtype != np.uint8:
        low, high = pixels.min(), pixels.max()
        pixels = (pixels - low) / max(high - low, 1e-6) * 255
    return Image.fromarray(pixels.transpose(1, 2, 0).astype(np.uint8))
