from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from core.embedding.open_clip_encoder import OpenClipEncoder
from core.errors import WeightsUnavailable
from core.ports.engines import release_if_short

CONFIG = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
PREPROCESS = {"size": [32, 32], "mean": [0.5] * 3, "std": [0.25] * 3, "resize_mode": "squash"}


def write_checkpoint(folder: Path, seed: int = 0) -> open_clip.CLIP:
    """Write a tiny model in open_clip's ``local-dir:`` layout."""
    torch.manual_seed(seed)
    model = open_clip.CLIP(
        CONFIG["embed_dim"],
        dict(CONFIG["vision_cfg"]),
        dict(CONFIG["text_cfg"]),  # type: ignore[call-overload]
    )
    folder.mkdir(parents=True, exist_ok=True)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    config = {"model_cfg": CONFIG, "preprocess_cfg": PREPROCESS}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return model.eval()


def local(folder: Path, precision: str = "float32") -> OpenClipEncoder:
    return OpenClipEncoder(
        f"local-dir:{folder}", title="VL-CLIP", device="cpu", precision=precision
    )


def test_vectors_are_the_checkpoints_own(tmp_path: Path) -> None:
    model = write_checkpoint(tmp_path)
    encoder = local(tmp_path)
    picture = Image.new("RGB", (50, 40), (255, 0, 0))

    vectors = encoder.encode_images([picture, picture.convert("L")])

    pixels = torch.tensor([(1 - 0.5) / 0.25, -2.0, -2.0]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    with torch.inference_mode():
        expected = model.encode_image(pixels, normalize=True).numpy()
        words = model.encode_text(
            open_clip.SimpleTokenizer(context_length=16)(["a chair"]), normalize=True
        ).numpy()
    np.testing.assert_allclose(vectors[:1], expected, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(["a chair"]), words, atol=1e-5)
    assert encoder.dim == 24
    assert encoder.encode_texts([]).shape == (0, 24)


def test_long_text_is_cut_to_the_models_context(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    vectors = local(tmp_path).encode_texts(["chair " * 200])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_fingerprint_follows_weights_not_number_format(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a")
    write_checkpoint(tmp_path / "b", seed=1)
    first = local(tmp_path / "a").fingerprint
    assert first == local(tmp_path / "a", "bfloat16").fingerprint
    assert first != local(tmp_path / "b").fingerprint


def test_checkpoint_without_weights_is_refused_not_randomised(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    (tmp_path / "open_clip_model.safetensors").unlink()
    with pytest.raises(WeightsUnavailable, match=r"VL-CLIP.*no weight file"):
        local(tmp_path).encode_texts(["chair"])
    (tmp_path / "open_clip_config.json").unlink()
    with pytest.raises(WeightsUnavailable, match=r"no open_clip_config\.json"):
        local(tmp_path).dim  # noqa: B018
    with pytest.raises(WeightsUnavailable, match="no checkpoint folder"):
        local(tmp_path / "nowhere").dim  # noqa: B018


def test_incomplete_checkpoint_is_refused(tmp_path: Path) -> None:
    state = write_checkpoint(tmp_path).state_dict()
    del state["visual.proj"]
    save_file(state, tmp_path / "open_clip_model.safetensors")
    with pytest.raises(WeightsUnavailable, match="does not load") as caught:
        local(tmp_path).dim  # noqa: B018
    assert "\n" not in str(caught.value)


def test_unknown_model_is_a_sentence_that_names_compact() -> None:
    encoder = OpenClipEncoder("ViT-B-32", "no-such-tag", title="CLIP", device="cpu")
    with pytest.raises(WeightsUnavailable, match=r"CLIP.*no-such-tag.*compact"):
        encoder.dim  # noqa: B018


def test_a_model_that_was_let_go_of_is_loaded_again(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "mine")
    encoder = local(tmp_path / "mine")
    before, fingerprint = encoder.encode_texts(["red chair"]), encoder.fingerprint
    release_if_short(encoder, 0)  # there is always more than nothing
    assert encoder._loaded is not None
    release_if_short(encoder, 2**60)
    assert encoder._loaded is None
    assert (encoder.fingerprint, encoder.dim) == (fingerprint, before.shape[1])
    assert encoder._loaded is None  # neither needs the model
    assert (encoder.encode_texts(["red chair"]) == before).all()
