"""Write checkpoints of full size with random weights, in the layouts of the official ones.

    python -m benchmarks.random_checkpoints FOLDER [--roles clip-b32,owlv2]

They show whether layouts load, how much memory and time models take, and what a whole run does; of
quality they show nothing. Each folder says so in its README.md, and `selftest` fails for them. The
folders are ``FOLDER/owner/name`` as on the hub, for ``tests/core/weights/stand_in_hub.py``; SAM and
VL-CLIP, which are no repositories of models for this program, lie in ``FOLDER/own``.

Tokenizers: CLIP's byte pairs from `open_clip`, BERT's word pieces from the shipped text tower, and
for SigLIP a stand-in with as many words.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from core.settings import SHIPPED
from core.weights.registry import DETECTORS, REGISTRY
from core.weights.sources import HubSource

LABEL = (
    "# Random weights\n\nThis is no model: its weights are random. It has the layout and the size "
    "of {title}, to try loading, memory and time (benchmarks/random_checkpoints.py).\n"
)
#: What is written beside the hub's repositories: SAM's file and VL-CLIP's folder.
SAM, VL_CLIP = "own/sam_vit_b.pth", "own/vl-clip"
_BERT = SHIPPED / "towers" / "text" / "tokenizer.json"
_SIGLIP_WORDS = 32_000
_CLIP_NORMAL = {"mean": [0.48145466, 0.4578275, 0.40821073],
                "std": [0.26862954, 0.26130258, 0.27577711]}  # fmt: skip


def place(role: str) -> str:
    """Return the folder of a role: its repository, or one of its own."""
    source = REGISTRY[role].source
    return source.repo if isinstance(source, HubSource) else f"own/{role}"


def clip_tokenizer(folder: Path, **kept: Any) -> Any:
    """Write CLIP's vocabulary and merges in the layout of `transformers`; return the tokenizer."""
    import open_clip
    from open_clip.tokenizer import SimpleTokenizer
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    named = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    vocabulary = {named.get(token, token): n for token, n in SimpleTokenizer().encoder.items()}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    file = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(file.read_bytes()).decode().split("\n")[1 : 49152 - 256 - 2 + 1]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines]), "utf-8")
    return CLIPTokenizer.from_pretrained(folder, **kept)


def bert_tokenizer() -> Any:
    """Return the tokenizer of bert-base-uncased."""
    from transformers import BertTokenizer

    return BertTokenizer(tokenizer_file=str(_BERT), do_lower_case=True)


def siglip_tokenizer(folder: Path) -> None:
    """Write a tokenizer of as many words as SigLIP's."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    pieces = json.loads(_BERT.read_text("utf-8"))["model"]["vocab"]
    words = ["<pad>", "</s>", "<unk>", *(word for word in pieces if word.isalpha())]
    words += [f"<extra_{number}>" for number in range(_SIGLIP_WORDS - len(words))]
    vocabulary = {word: number for number, word in enumerate(words[:_SIGLIP_WORDS])}
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", vocabulary["</s>"])]
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)


def open_clip_folder(folder: Path, name: str, *, siglip: bool) -> None:
    """Write an `open_clip` model of an architecture that it names."""
    import open_clip
    from safetensors.torch import save_file

    config = open_clip.get_model_config(name)
    normal = {"mean": [0.5] * 3, "std": [0.5] * 3} if siglip else _CLIP_NORMAL
    preprocess = {**normal, "interpolation": "bicubic",
                  "resize_mode": "squash" if siglip else "shortest"}  # fmt: skip
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}, indent=1), "utf-8"
    )
    model = open_clip.create_model(name)
    state = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(state, folder / "open_clip_model.safetensors", {"weights": "random"})
    if siglip:
        siglip_tokenizer(folder)
    else:
        clip_tokenizer(folder)


def fashion_clip(folder: Path) -> None:
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    CLIPModel(CLIPConfig()).save_pretrained(folder)  # its defaults are ViT-B/32
    CLIPImageProcessor().save_pretrained(folder)
    clip_tokenizer(folder, model_max_length=77).save_pretrained(folder)


def grounding_dino(folder: Path, *, base: bool = False, mm: bool = False) -> None:
    import transformers

    kind = "MMGroundingDino" if mm else "GroundingDino"
    swin = {"embed_dim": 128, "depths": [2, 2, 18, 2], "num_heads": [4, 8, 16, 32],
            "window_size": 12, "image_size": 384} if base else {"image_size": 224}  # fmt: skip
    backbone = transformers.SwinConfig(**swin)
    backbone.out_indices = [2, 3, 4]
    config = getattr(transformers, f"{kind}Config")(backbone_config=backbone)
    getattr(transformers, f"{kind}ForObjectDetection")(config).save_pretrained(folder)
    images = transformers.GroundingDinoImageProcessor()
    transformers.GroundingDinoProcessor(images, bert_tokenizer()).save_pretrained(folder)
    images.save_pretrained(folder)  # preprocessor_config.json, as libraries before 5 wrote it


def owlv2(folder: Path) -> None:
    from transformers import (
        Owlv2Config,
        Owlv2ForObjectDetection,
        Owlv2ImageProcessor,
        Owlv2Processor,
    )

    Owlv2ForObjectDetection(Owlv2Config(vision_config={"image_size": 960})).save_pretrained(folder)
    words = clip_tokenizer(folder, model_max_length=16)
    images = Owlv2ImageProcessor(size={"height": 960, "width": 960})
    Owlv2Processor(images, words).save_pretrained(folder)
    images.save_pretrained(folder)


def omdet_turbo(folder: Path) -> None:
    from transformers import (
        CLIPTextConfig,
        DetrImageProcessor,
        OmDetTurboConfig,
        OmDetTurboForObjectDetection,
        OmDetTurboProcessor,
    )

    config = OmDetTurboConfig(text_config=CLIPTextConfig(projection_dim=512))
    OmDetTurboForObjectDetection(config).save_pretrained(folder)
    images = DetrImageProcessor(size={"height": 640, "width": 640}, do_pad=False)
    OmDetTurboProcessor(images, clip_tokenizer(folder, model_max_length=77)).save_pretrained(folder)
    images.save_pretrained(folder)


def sam(folder: Path) -> None:
    from segment_anything import sam_model_registry

    torch.save(sam_model_registry["vit_b"]().state_dict(), folder.parent / Path(SAM).name)
    # beside it, as the hub would have it: the program refuses it, since its hash is pinned
    target = folder.parent.parent / place("sam-vit-b") / REGISTRY["sam-vit-b"].entry
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(folder.parent / Path(SAM).name, target)


WRITERS: dict[str, Callable[[Path], None]] = {
    "clip-b32": lambda folder: open_clip_folder(folder, "ViT-B-32", siglip=False),
    "vl-clip": lambda folder: open_clip_folder(folder, "ViT-B-32", siglip=False),
    "fashion-clip": fashion_clip,
    "marqo-b": lambda folder: open_clip_folder(folder, "ViT-B-16-SigLIP", siglip=True),
    "marqo-l": lambda folder: open_clip_folder(folder, "ViT-L-16-SigLIP-256", siglip=True),
    "grounding-dino": grounding_dino,
    "grounding-dino-base": lambda folder: grounding_dino(folder, base=True),
    "mm-grounding-dino": lambda folder: grounding_dino(folder, mm=True),
    "owlv2": owlv2,
    "omdet-turbo": omdet_turbo,
    "sam-vit-b": sam,
}


def write(role: str, root: Path) -> Path:
    """Write one checkpoint with its label, and return its folder."""
    folder = root / ("own/sam" if role == "sam-vit-b" else place(role))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(LABEL.format(title=REGISTRY[role].title), "utf-8")
    torch.manual_seed(list(WRITERS).index(role))
    WRITERS[role](folder)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--roles", default=",".join(WRITERS), help="With commas; default: all.")
    given = parser.parse_args()
    assert set(DETECTORS) <= set(WRITERS)
    for role in given.roles.split(","):
        started = time.perf_counter()
        folder = write(role, given.folder)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{role}: random weights, {size / 1e6:.0f} MB in {folder} "
              f"({time.perf_counter() - started:.0f} s)", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
