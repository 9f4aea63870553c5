"""Profiles: which models do the grounding, and from which score a detection is used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProfileRecipe:
    """The content of a profile's file.

    Attributes:
        grounder: Name in ``core.vision.grounders.GROUNDERS``.
        segmenter: Name in ``core.vision.grounders.SEGMENTERS``.
        threshold: τ, the smallest detection score that is cropped to, 0 to 1; a setting overrides
            it.
    """

    grounder: str
    segmenter: str
    threshold: float
