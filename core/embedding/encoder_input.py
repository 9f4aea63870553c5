"""Show the picture that an encoder gets."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from core.ports.encoder import Encoder, Normalises


def preview(encoder: Encoder, image: Image.Image) -> Image.Image:
    """Return the encoder's input for ``image``: cropped, padded and scaled, in true colours.

    Where an encoder does not say how it normalises, its input is stretched to the full range of
    brightness. Where it prepares no pixels, its input is the picture itself.
    """
    pixels = encoder.prepare([image])[0]
    if pixels.dim() != 3 or pixels.shape[0] != 3:
        return image
    if isinstance(encoder, Normalises):
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in encoder.normalisation)
        pixels = ((pixels.cpu() * std + mean) * 255).round().clamp(0, 255)
    elif pixels.dtype != torch.uint8:
        low, high = pixels.min(), pixels.max()
        pixels = (pixels - low) / (high - low).clamp(min=1e-6) * 255
    return Image.fromarray(pixels.permute(1, 2, 0).to(torch.uint8).cpu().numpy().astype(np.uint8))
