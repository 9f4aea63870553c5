"""Tiny checkpoints in the real layouts with random weights, to test contracts but not quality."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch
from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "chair", "lamp", "bag", "red"]
LETTERS = ascii_lowercase


def write_mm_grounding_dino(folder: Path) -> Path:
    """Write a tiny MM-Grounding-DINO: other classes, otherwise like Grounding DINO."""
    from transformers import MMGroundingDinoConfig, MMGroundingDinoForObjectDetection

    return write_grounding_dino(folder, MMGroundingDinoConfig, MMGroundingDinoForObjectDetection)


def write_grounding_dino(folder: Path, config_class: Any = None, model_class: Any = None) -> Path:
    """Write a tiny Grounding DINO with ``save_pretrained`` and return its folder."""
    from transformers import (
        BertConfig,
        BertTokenizerFast,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
        SwinConfig,
    )

    torch.manual_seed(0)
    config = (config_class or GroundingDinoConfig)(
        backbone_config=SwinConfig(
            image_size=64,
            embed_dim=8,
            depths=[1, 1, 1],
            num_heads=[1, 2, 4],
            window_size=4,
            out_features=["stage2", "stage3"],
        ),
        text_config=BertConfig(
            vocab_size=len(WORDS),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=256,
        ),
        d_model=32,
        num_queries=12,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_feature_levels=3,
        encoder_n_points=2,
        decoder_n_points=2,
    )
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(WORDS), encoding="utf-8")
    (model_class or GroundingDinoForObjectDetection)(config).save_pretrained(folder)
    images = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    tokens = BertTokenizerFast(str(vocabulary), do_lower_case=True)
    GroundingDinoProcessor(images, tokens).save_pretrained(folder)
    return folder


def letters(folder: Path) -> int:
    """Write a tokenizer of CLIP's kind that knows single letters; return its vocabulary's size."""
    tokens = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>",
              "<|endoftext|>"]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return len(tokens)


def write_owlv2(folder: Path) -> Path:
    """Write a tiny OWLv2 with ``save_pretrained`` and return its folder."""
    from transformers import (
        CLIPTokenizer,
        Owlv2Config,
        Owlv2ForObjectDetection,
        Owlv2ImageProcessor,
        Owlv2Processor,
    )

    torch.manual_seed(0)
    size = letters(folder)
    layers = {"hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 2,
              "num_hidden_layers": 1}  # fmt: skip
    text = layers | {
        "vocab_size": size, "max_position_embeddings": 16, "bos_token_id": size - 2,
        "eos_token_id": size - 1, "pad_token_id": 0,
    }  # fmt: skip
    vision = layers | {"image_size": 64, "patch_size": 16}
    config = Owlv2Config(text_config=text, vision_config=vision, projection_dim=32)
    model = Owlv2ForObjectDetection(config)
    for scale in (model.class_head.logit_scale, model.class_head.logit_shift):
        torch.nn.init.zeros_(scale.weight)  # untrained ones give scores of 0 and 1 only
    model.save_pretrained(folder)
    images = Owlv2ImageProcessor(size={"height": 64, "width": 64})
    words = CLIPTokenizer.from_pretrained(folder, model_max_length=16)
    Owlv2Processor(images, words).save_pretrained(folder)
    return folder


def write_omdet_turbo(folder: Path) -> Path:
    """Write a tiny OmDet-Turbo with ``save_pretrained`` and return its folder."""
    from transformers import (
        CLIPTextConfig,
        CLIPTokenizer,
        DetrImageProcessor,
        OmDetTurboConfig,
        OmDetTurboForObjectDetection,
        OmDetTurboProcessor,
        SwinConfig,
    )

    torch.manual_seed(0)
    size = letters(folder)
    text = CLIPTextConfig(
        vocab_size=size, hidden_size=64, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, projection_dim=32, max_position_embeddings=77,
        bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=0,
    )  # fmt: skip
    vision = SwinConfig(
        image_size=128, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8], window_size=4,
        out_indices=[2, 3, 4],
    )  # fmt: skip
    config = OmDetTurboConfig(
        text_config=text, backbone_config=vision, use_timm_backbone=False, image_size=128,
        apply_layernorm_after_vision_backbone=False, text_projection_in_dim=64,
        text_projection_out_dim=64, class_embed_dim=64, task_encoder_hidden_dim=32,
        num_queries=12, encoder_in_channels=[16, 32, 64], encoder_hidden_dim=32,
        vision_features_channels=[32, 32, 32], decoder_hidden_dim=32, decoder_num_heads=2,
        decoder_num_layers=1, encoder_attention_heads=2, encoder_dim_feedforward=32,
        decoder_dim_feedforward=32,
    )  # fmt: skip
    OmDetTurboForObjectDetection(config).save_pretrained(folder)
    images = DetrImageProcessor(size={"height": 128, "width": 128}, do_pad=False)
    words = CLIPTokenizer.from_pretrained(folder, model_max_length=77)
    OmDetTurboProcessor(images, words).save_pretrained(folder)
    return folder


#: Detectors of ``data/detectors`` → how a tiny one is written.
WRITERS: dict[str, Callable[[Path], Path]] = {
    "grounding-dino": write_grounding_dino,
    "grounding-dino-base": write_grounding_dino,
    "mm-grounding-dino": write_mm_grounding_dino,
    "owlv2": write_owlv2,
    "omdet-turbo": write_omdet_turbo,
}


def tiny_sam(side: int = 64) -> Sam:
    """Build a SAM with a one-layer image encoder for ``side``-pixel inputs."""
    torch.manual_seed(0)
    cells = side // 16
    return Sam(
        image_encoder=ImageEncoderViT(
            depth=1,
            embed_dim=32,
            img_size=side,
            mlp_ratio=2,
            num_heads=2,
            patch_size=16,
            qkv_bias=True,
            use_rel_pos=True,
            global_attn_indexes=[0],
            window_size=0,
            out_chans=256,
        ),
        prompt_encoder=PromptEncoder(
            embed_dim=256,
            image_embedding_size=(cells, cells),
            input_image_size=(side, side),
            mask_in_chans=16,
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(depth=1, embedding_dim=256, mlp_dim=32, num_heads=2),
            transformer_dim=256,
        ),
    )
