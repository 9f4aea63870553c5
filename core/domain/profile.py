"""A profile: which models ground, and which score is trusted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProfileRecipe:
    """What a profile's file says.

    Attributes:
        grounder: Name in ``core.vision.grounders.GROUNDERS``.
        segmenter: Name in ``core.vision.grounders.SEGMENTERS``.
        threshold: τ: smallest detection score that is cropped to, 0 to 1, unless a setting says it.
    """

    grounder: str
    segmenter: str
    threshold: float
