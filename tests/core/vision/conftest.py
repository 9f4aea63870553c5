"""Fixtures: drawn pictures and the real compact grounder."""

from __future__ import annotations

import pytest
from PIL import Image

from core.embedding.compact import CompactEncoder
from core.settings import load_settings
from core.vision.compact_grounder import CompactGrounder
from core.vision.grounders import build_grounder
from core.weights import WeightStore
from tests.core import drawn_pictures

#: Box of the disc in ``packshot`` and ``scene``.
DISC = drawn_pictures.DISC


@pytest.fixture
def packshot() -> Image.Image:
    """Draw an orange disc on white."""
    return drawn_pictures.packshot()


@pytest.fixture
def scene() -> Image.Image:
    """Draw the same disc on stripes."""
    return drawn_pictures.scene()


@pytest.fixture(scope="session")
def grounder(weights: WeightStore, encoder: CompactEncoder) -> CompactGrounder:
    built = build_grounder(load_settings(), weights, encoder)
    assert isinstance(built, CompactGrounder)
    return built
