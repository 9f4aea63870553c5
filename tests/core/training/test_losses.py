from __future__ import annotations

import open_clip
import pytest
import torch

from core.training.losses import MaskedClipLoss


def _vectors(seed: int) -> torch.Tensor:
    torch.manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(6, 8), dim=-1)


def test_equals_open_clip_without_a_mask() -> None:
    image, text, scale = _vectors(0), _vectors(1), torch.tensor(20.0)
    assert MaskedClipLoss()(image, text, scale).item() == pytest.approx(
        open_clip.ClipLoss()(image, text, scale).item(), rel=1e-5
    )


def test_masked_pairs_are_no_negatives() -> None:
    image, text, scale = _vectors(0), _vectors(1), torch.tensor(20.0)
    image[1], text[1] = image[0], text[0]
    same = torch.zeros(6, 6, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    keep = [0, 2, 3, 4, 5]
    with_mask = MaskedClipLoss()(image[:2], text[:2], scale, same[:2, :2])
    assert with_mask.item() == pytest.approx(0.0, abs=1e-6)
    assert MaskedClipLoss()(image, text, scale, same) < MaskedClipLoss()(image, text, scale)
    assert MaskedClipLoss()(image[keep], text[keep], scale) > 0
