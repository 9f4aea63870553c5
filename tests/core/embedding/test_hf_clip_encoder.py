from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

from core.embedding.hf_clip_encoder import HfClipEncoder
from core.errors import WeightsUnavailable

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write_checkpoint(folder: Path) -> CLIPModel:
    """Write a tiny CLIP as ``save_pretrained`` does, with a tokenizer of single letters."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    size = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2,
            "num_hidden_layers": 2}  # fmt: skip
    text = size | {
        "vocab_size": len(tokens),
        "max_position_embeddings": 12,
        "bos_token_id": len(tokens) - 2,
        "eos_token_id": len(tokens) - 1,
        "pad_token_id": len(tokens) - 1,
    }
    vision = size | {"image_size": 32, "patch_size": 16}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
    model.save_pretrained(folder)
    side = {"height": 32, "width": 32}
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=side).save_pretrained(folder)
    return model.eval()


def test_vectors_are_projected_and_normalised(tmp_path: Path) -> None:
    model = write_checkpoint(tmp_path)
    encoder = HfClipEncoder(str(tmp_path), title="FashionCLIP", device="cpu", precision="float32")
    picture = Image.new("RGB", (60, 40), (10, 200, 30))

    images = encoder.encode_images([picture, picture.convert("RGBA")])
    texts = encoder.encode_texts(["chair", "a chair " * 50])

    with torch.inference_mode():
        hidden = model.vision_model(pixel_values=encoder.prepare([picture])).pooler_output
        expected = torch.nn.functional.normalize(model.visual_projection(hidden), dim=-1).numpy()
    assert encoder.dim == 16
    assert images.shape == (2, 16)
    assert texts.shape == (2, 16)
    np.testing.assert_allclose(images[:1], expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)


def test_incomplete_checkpoint_is_refused_not_randomised(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    del state["visual_projection.weight"]
    save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    encoder = HfClipEncoder(str(tmp_path), title="FashionCLIP", device="cpu")
    with pytest.raises(WeightsUnavailable, match=r"FashionCLIP.*incomplete.*visual_projection"):
        encoder.encode_texts(["chair"])


def test_missing_checkpoint_names_what_was_tried_and_compact(tmp_path: Path) -> None:
    encoder = HfClipEncoder(str(tmp_path / "nowhere"), title="FashionCLIP", device="cpu")
    with pytest.raises(WeightsUnavailable, match=r"FashionCLIP.*nowhere.*compact"):
        encoder.dim  # noqa: B018


def test_a_picture_that_repeats_is_embedded_once(tmp_path: Path) -> None:
    write_checkpoint(tmp_path)
    encoder = HfClipEncoder(str(tmp_path), device="cpu", precision="float32")
    loaded, passes = encoder.loaded, []

    def features(batch: torch.Tensor) -> torch.Tensor:
        passes.append(len(batch))
        return loaded.image_features(batch)

    encoder._loaded = replace(loaded, image_features=features)
    red, blue = (Image.new("RGB", (40, 40), colour) for colour in ("red", "blue"))
    first = encoder.encode_images([red, blue, red])
    again = encoder.encode_images([blue, red])
    assert passes == [2]
    np.testing.assert_array_equal(first, [*again[::-1], again[1]])
