"""What Inspect shows as an encoder's input."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from core.embedding.encoder_input import preview


def encoder(pixels: torch.Tensor) -> Any:
    def prepare(images: Sequence[Image.Image]) -> torch.Tensor:
        return pixels

    return SimpleNamespace(prepare=prepare)


def test_normalised_pixels_are_stretched_to_a_picture() -> None:
    pixels = torch.tensor([[[-1.0, 0.0], [0.0, 1.0]]]).expand(3, 2, 2)[None]
    shown = preview(encoder(pixels), Image.new("RGB", (9, 9)))
    assert shown.size == (2, 2)
    assert [shown.getpixel(at) for at in ((0, 0), (1, 1))] == [(0, 0, 0), (255, 255, 255)]


@pytest.mark.parametrize("shape", [(1, 3), (1, 4, 4), (1, 1, 4, 4), (1, 2, 3, 4, 4)])
def test_an_encoder_that_prepares_no_pixels_shows_the_picture_itself(
    shape: tuple[int, ...],
) -> None:
    picture = Image.new("RGB", (9, 9), "red")
    assert preview(encoder(torch.zeros(shape)), picture) is picture
