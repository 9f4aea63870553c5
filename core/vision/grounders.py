"""Registries of grounders and segmenters, and the builder for a profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from core.base.word_list import read_word_list
from core.embedding.device import device_name
from core.errors import SettingsError
from core.ports.grounder import Grounder
from core.ports.segmenter import Segmenter
from core.settings import Settings
from core.vision.compact_grounder import CompactGrounder, Rules, Words
from core.vision.sam_segmenter import SamSegmenter
from core.weights import DETECTORS, WeightStore

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder

T = TypeVar("T")

#: Distractors of the compact grounder, one per line.
VOCABULARY = "vocabularies/scene.txt"
#: Product types whose photo is the product, one per line.
PICTURES = "vocabularies/pictures.txt"
#: Garments and parts, and complete objects, one per line.
DETAILS, WHOLES = "vocabularies/details.txt", "vocabularies/wholes.txt"
#: Role of SAM's weights.
SAM_ROLE = "sam-vit-b"


@dataclass(frozen=True, slots=True)
class Parts:
    """Arguments for a grounder's builder; no model is fetched or loaded before its first use.

    Attributes:
        settings: Device, precision, threshold, shipped files.
        weights: Store that the models' files are read from.
        encoder: The compact encoder.
        segmenter: The profile's segmenter.
    """

    settings: Settings
    weights: WeightStore
    encoder: CompactEncoder
    segmenter: Segmenter


def build_grounder(settings: Settings, weights: WeightStore, encoder: CompactEncoder) -> Grounder:
    """Build the grounder of the settings' profile; its first use fetches and loads the models.

    Raises:
        SettingsError: The profile names an unknown model.
    """
    recipe = settings.recipe
    segmenter = _named(SEGMENTERS, recipe.segmenter, "segmenter")(settings, weights)
    grounder = _named(GROUNDERS, recipe.grounder, "grounder")
    return grounder(Parts(settings, weights, encoder, segmenter))


def _named(registry: Mapping[str, T], name: str, kind: str) -> T:
    if name not in registry:
        raise SettingsError(
            f"The profile asks for the {kind} “{name[:40]}”; there are {', '.join(registry)}."
        )
    return registry[name]


def build_mobile_segmenter(settings: Settings, weights: WeightStore) -> SamSegmenter:
    """Build a segmenter with MobileSAM, loaded on first use."""
    from core.vision.sam_encoder import ROLE, load_mobile_sam

    device = device_name(settings.device)
    return SamSegmenter(
        load=lambda: load_mobile_sam(weights, settings, device),
        name="MobileSAM",
        weights=partial(weights.fingerprint, ROLE),
        device=device,
    )


def build_compact_grounder(
    settings: Settings, encoder: CompactEncoder, segmenter: Segmenter, rules: Rules | None = None
) -> CompactGrounder:
    """Build the compact grounder with the shipped vocabularies."""
    folder = settings.shipped
    words = Words(
        scene=read_word_list(folder / VOCABULARY),
        pictures=read_word_list(folder / PICTURES),
        details=read_word_list(folder / DETAILS),
        wholes=read_word_list(folder / WHOLES),
    )
    return CompactGrounder(encoder, segmenter, words, settings.grounding_threshold, rules)


def build_sam_segmenter(settings: Settings, weights: WeightStore) -> SamSegmenter:
    """Build a segmenter with Segment Anything's ViT-B, loaded on first use."""
    from core.embedding.device import resolve_device
    from core.vision.sam import load_sam
    from core.vision.torch_sam import TorchSam

    device = resolve_device(settings.device)
    return SamSegmenter(
        load=lambda: TorchSam(load_sam(weights.path(SAM_ROLE)), device),
        name="SAM",
        weights=partial(weights.fingerprint, SAM_ROLE),
        device=str(device),
    )


def _clip_heat(parts: Parts) -> Grounder:
    return build_compact_grounder(parts.settings, parts.encoder, parts.segmenter)


def _detector(role: str, parts: Parts) -> Grounder:
    from core.embedding.device import resolve_device, resolve_dtype
    from core.vision.detector_grounder import DetectorGrounder

    settings, weights = parts.settings, parts.weights
    device = resolve_device(settings.device)
    return DetectorGrounder(
        DETECTORS[role],
        folder=lambda: weights.path(role),
        weights=partial(weights.fingerprint, role),
        segmenter=parts.segmenter,
        threshold=settings.grounding_threshold,
        device=device,
        dtype=resolve_dtype(settings.precision, device),
        side=settings.grounding_side,
    )


#: Segmenters and grounders that a profile may name. To add one, write a module and a line here; a
#: detector of a known family needs only a file in ``data/detectors``.
SEGMENTERS: dict[str, Callable[[Settings, WeightStore], Segmenter]] = {
    "mobile-sam": build_mobile_segmenter,
    "sam": build_sam_segmenter,
}
GROUNDERS: dict[str, Callable[[Parts], Grounder]] = {
    "clip-heat": _clip_heat,
    **{role: partial(_detector, role) for role in DETECTORS},
}
