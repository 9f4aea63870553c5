"""Towers of every kind: what is unlocked, what is stored, and what comes back from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.embedding.adapted import IMAGE_FILE, AdaptedEncoder
from core.embedding.compact import CompactEncoder
from core.embedding.hf_clip_encoder import HfClipEncoder
from core.embedding.open_clip_encoder import OpenClipEncoder
from core.errors import WeightsUnavailable
from core.training.towers import CompactPair, ModelPair, TowerPair
from core.weights import WeightStore
from tests.core.embedding import test_hf_clip_encoder, test_open_clip_encoder

PICTURES = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "white")]


def vectors(pair: TowerPair, pictures: list[Image.Image] = PICTURES) -> np.ndarray:
    """Of pictures, the way training gets them: what is locked is stored in between."""
    stored = pair.image.store(pair.image.prepare(pictures), bf16=False)
    return pair.image(torch.from_numpy(stored).float()).detach().numpy()


def change(pair: TowerPair) -> None:
    """Change the weights as a step of training does."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for side in (pair.image, pair.text):
            for value in side.parameters():
                if value.requires_grad:
                    value += 0.05 * torch.randn(value.shape, generator=generator)


@pytest.mark.parametrize("kind", ["open_clip", "hf_clip"])
def test_a_trained_checkpoint_comes_back_in_its_own_layout(kind: str, tmp_path: Path) -> None:
    if kind == "open_clip":
        test_open_clip_encoder.write_checkpoint(tmp_path / "a")
        names = [f"local-dir:{tmp_path / name}" for name in "ab"]
        before, after = (OpenClipEncoder(n, device="cpu", precision="float32") for n in names)
    else:
        test_hf_clip_encoder.write_checkpoint(tmp_path / "a")
        names = [str(tmp_path / name) for name in "ab"]
        before, after = (HfClipEncoder(n, device="cpu", precision="float32") for n in names)
    pair = ModelPair(before, kind, 1, 1)
    free = [name for name, value in pair._network.named_parameters() if value.requires_grad]
    assert any(".1." in name for name in free)
    images = [name for name in free if name.startswith(("vis", "visual"))]
    assert not any(".0." in name for name in images)
    assert not any("embedding" in name for name in free)
    np.testing.assert_allclose(vectors(pair), before.encode_images(PICTURES), atol=2e-3)
    change(pair)
    pair.save(tmp_path / "b", scale=33.0)
    np.testing.assert_allclose(vectors(pair), after.encode_images(PICTURES), atol=2e-3)
    assert np.abs(after.encode_images(PICTURES) - before.encode_images(PICTURES)).max() > 0.01
    words = pair.text(["a chair", "zoo"]).detach().numpy()
    np.testing.assert_allclose(after.encode_texts(["a chair", "zoo"]), words, atol=1e-4)
    assert after.fingerprint != before.fingerprint
    scale: torch.Tensor = after.loaded.model.logit_scale  # type: ignore[assignment]
    assert float(scale.exp()) == pytest.approx(33.0, rel=1e-4)


def test_compact_towers_store_what_changed_and_share_the_rest(
    weights: WeightStore, tmp_path: Path
) -> None:
    encoder = CompactEncoder(weights, runtime="torch")  # as training computes
    pair = CompactPair(weights, 1, 1, max_tokens=24)
    before = encoder.encode_images(PICTURES)
    assert (vectors(pair) * before).sum(axis=1).min() > 0.995
    change(pair)
    pair.save(tmp_path, 20.0)
    trained = AdaptedEncoder(encoder, tmp_path)
    after = trained.encode_images(PICTURES)
    assert (vectors(pair) * after).sum(axis=1).min() > 0.995
    assert (before * after).sum(axis=1).max() < 0.9
    kept = trained.visual.transformer.resblocks[0].ln_1.weight  # type: ignore[union-attr]
    assert kept.data_ptr() == encoder.visual.transformer.resblocks[0].ln_1.weight.data_ptr()  # type: ignore[union-attr]
    assert trained.fingerprint != encoder.fingerprint
    (tmp_path / IMAGE_FILE).write_bytes(b"no weights")
    with pytest.raises(WeightsUnavailable, match="can't be read"):
        AdaptedEncoder(encoder, tmp_path).encode_images(PICTURES)
