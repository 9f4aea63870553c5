"""The baselines of the full profile, as their authors use them: tiny checkpoints, same layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from core.domain import FULL, ImageView, TextView
from core.embedding.loaders import build_encoder
from core.embedding.recipes import load_engines
from core.settings import Settings
from core.store.vectors import blend
from core.weights import WeightStore

WORDS = ["<pad>", "</s>", "<unk>", "red", "chair", "lamp"]
CONTEXT, SIDE = 12, 160


def write_marqo(folder: Path) -> Path:
    """Write a checkpoint like Marqo's: SigLIP's towers of timm and open_clip, and the tokenizer."""
    config = {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {"image_size": SIDE, "timm_model_name": "test_vit",
                       "timm_model_pretrained": False, "timm_pool": "map", "timm_proj": "none"},
        "text_cfg": {"context_length": CONTEXT, "vocab_size": len(WORDS), "width": 64, "heads": 2,
                     "layers": 1, "hf_tokenizer_name": "elsewhere/siglip",
                     "tokenizer_kwargs": {"clean": "canonicalize"}, "no_causal_mask": True,
                     "proj_bias": True, "pool_type": "last", "norm_kwargs": {"eps": 1e-6}},
    }  # fmt: skip
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic",
                  "resize_mode": "squash"}  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess})
    )
    torch.manual_seed(0)
    sizes = {name: config[name] for name in ("embed_dim", "vision_cfg", "text_cfg")}
    model = open_clip.CustomTextCLIP(**sizes, init_logit_bias=-10)
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("name", "setting"), [("gcl", "marqo-b"), ("gcl-l", "marqo-l")])
def test_gcl_is_loaded_with_its_own_tokenizer_and_transform(
    tmp_path: Path, name: str, setting: str
) -> None:
    folder = write_marqo(tmp_path / "marqo")
    settings = Settings(profile=FULL, device="cpu", precision="float32")
    engine = load_engines(settings.shipped / "engines")[name]
    weights = WeightStore.from_settings(settings)
    weights.local[setting] = folder
    encoder = build_encoder(engine, settings, weights)

    # Squashed to a square, not cropped: what is at the edge still counts.
    wide = Image.new("RGB", (320, 80), "white")
    wide.paste("red", (0, 0, 20, 80))
    pixels = encoder.prepare([wide])
    assert pixels.shape == (1, 3, SIDE, SIDE)
    assert float(pixels.min()) == pytest.approx(-1, abs=0.05)
    assert float(pixels.max()) == pytest.approx(1, abs=0.05)
    assert pixels[0, 1, :, 0].max() < 0, "the red edge is in the picture"

    # Case and punctuation are taken away, long titles are cut to the model's own context.
    same = encoder.encode_texts(["Red Chair!", "red chair"])
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    tokens = encoder.loaded.tokens(["red " * 40])["text"]  # type: ignore[attr-defined]
    assert tokens.shape == (1, CONTEXT)
    assert np.linalg.norm(encoder.encode_texts(["red " * 40])) == pytest.approx(1, abs=1e-5)
    assert encoder.encode_images([wide]).shape == (1, encoder.dim) == (1, 64)


def test_recipes_are_those_of_the_authors() -> None:
    engines = load_engines(Settings().shipped / "engines")
    for name in ("clip", "fashion-clip", "gcl", "gcl-l"):
        assert (engines[name].image_view, engines[name].text_view) == (
            ImageView.PHOTO,
            TextView.TITLE,
        )
    assert engines["gcl"].text_weight == engines["gcl-l"].text_weight == 0.1
    assert engines["gcl"].towers[FULL].loader == "open_clip"
    assert engines["fashion-clip"].towers[FULL].loader == "hf_clip"


def test_a_product_is_nine_parts_picture_and_one_part_title() -> None:
    picture, title = np.eye(2, dtype=np.float32)
    (product,) = blend(picture[None], title[None], 0.1)
    np.testing.assert_allclose(product, np.array([0.9, 0.1]) / np.hypot(0.9, 0.1), atol=1e-6)
