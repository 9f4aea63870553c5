"""The grounder of a profile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import Profile
from core.embedding.device import resolve_device, resolve_dtype
from core.ports.grounder import Grounder
from core.ports.segmenter import Segmenter
from core.settings import Settings
from core.vision.compact_grounder import CompactGrounder, Rules, Words
from core.vision.grounding_dino import GroundingDinoGrounder
from core.vision.sam import load_sam
from core.vision.sam_segmenter import SamSegmenter

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder
    from core.weights import WeightStore

#: Words that a prompt competes with in the compact grounder, one a line.
VOCABULARY = "vocabularies/scene.txt"
#: Product types whose photo is the product, one a line.
PICTURES = "vocabularies/pictures.txt"
#: Garments and parts, and things of their own, one a line.
DETAILS, WHOLES = "vocabularies/details.txt", "vocabularies/wholes.txt"
#: Roles of the full profile's weights.
DINO_ROLE, SAM_ROLE = "grounding-dino", "sam-vit-b"


def build_grounder(settings: Settings, weights: WeightStore, encoder: CompactEncoder) -> Grounder:
    """The grounder of ``settings.profile``; no model is fetched or loaded before its first use.

    Args:
        settings: Profile, device, threshold.
        weights: Where models come from.
        encoder: The compact encoder; only the compact grounder uses it.
    """
    if settings.profile is Profile.FULL:
        return _full(settings, weights)
    return build_compact_grounder(settings, encoder, build_mobile_segmenter(settings, weights))


def build_mobile_segmenter(settings: Settings, weights: WeightStore) -> SamSegmenter:
    """MobileSAM, loaded on first use."""
    from core.weights.mobile_sam import build_mobile_sam

    return SamSegmenter(
        load=lambda: build_mobile_sam(weights.path("sam")),
        name="MobileSAM",
        weights=lambda: weights.fingerprint("sam"),
        device=resolve_device(settings.device),
    )


def build_compact_grounder(
    settings: Settings, encoder: CompactEncoder, segmenter: Segmenter, rules: Rules | None = None
) -> CompactGrounder:
    """The compact grounder with the shipped vocabularies."""
    folder = settings.shipped
    words = Words(
        scene=words_of(folder / VOCABULARY),
        pictures=words_of(folder / PICTURES),
        details=words_of(folder / DETAILS),
        wholes=words_of(folder / WHOLES),
    )
    return CompactGrounder(encoder, segmenter, words, settings.grounding_threshold, rules)


def words_of(path: Path) -> tuple[str, ...]:
    """The words of a vocabulary file, one a line; comments and empty lines are left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _full(settings: Settings, weights: WeightStore) -> Grounder:
    device = resolve_device(settings.device)
    segmenter = SamSegmenter(
        load=lambda: load_sam(weights.path(SAM_ROLE)),
        name="SAM",
        weights=lambda: weights.fingerprint(SAM_ROLE),
        device=device,
    )
    return GroundingDinoGrounder(
        folder=lambda: weights.path(DINO_ROLE),
        weights=lambda: weights.fingerprint(DINO_ROLE),
        segmenter=segmenter,
        threshold=settings.grounding_threshold,
        device=device,
        dtype=resolve_dtype(settings.precision, device),
    )
