"""Fixtures: drawn pictures and the real compact grounder."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from core.domain import Box
from core.embedding.compact import CompactEncoder
from core.settings import load_settings
from core.vision.compact_grounder import CompactGrounder
from core.vision.grounders import build_grounder
from core.weights import WeightStore

#: Box of the disc in ``packshot`` and ``scene``.
DISC = Box(60, 40, 160, 140)


def disc(ground: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (240, 180), ground)
    ImageDraw.Draw(image).ellipse((60, 40, 159, 139), fill=(250, 140, 20))
    return image


@pytest.fixture
def packshot() -> Image.Image:
    """Draw an orange disc on white."""
    return disc((255, 255, 255))


@pytest.fixture
def scene() -> Image.Image:
    """Draw the same disc on stripes."""
    image = disc((60, 90, 60))
    draw = ImageDraw.Draw(image)
    for left in range(0, 240, 24):
        draw.rectangle((left, 0, left + 11, 39), fill=(200, 200, 255))
        draw.rectangle((left, 140, left + 11, 180), fill=(20, 20, 90))
    return image


@pytest.fixture(scope="session")
def grounder(weights: WeightStore, encoder: CompactEncoder) -> CompactGrounder:
    built = build_grounder(load_settings(), weights, encoder)
    assert isinstance(built, CompactGrounder)
    return built
