"""Profiles: which models encode and ground, and from which score a detection is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.engine import Engine, Towers


@dataclass(frozen=True, slots=True)
class ProfileRecipe:
    """The content of a profile's file.

    Attributes:
        grounder: Name in ``core.vision.grounders.GROUNDERS``.
        segmenter: Name in ``core.vision.grounders.SEGMENTERS``.
        threshold: τ, the smallest detection score that is cropped to, 0 to 1; a setting overrides
            it.
        rewriter: Name in ``core.language.rewriters.REWRITERS``; indexing uses it.
        side: Pixels of the shorter edge of the pictures that a detector gets; 0 is its own size. A
            setting overrides it.
        engines: Which of the towers in the engines' recipes it takes: ``compact``, ``full`` or
            another name there; empty for its own name.
        towers: Encoder towers by engine, in place of those in the engine's recipe.
    """

    grounder: str
    segmenter: str
    threshold: float
    rewriter: str = "rules"
    side: int = 0
    engines: str = ""
    towers: Mapping[str, Towers] = field(default_factory=dict)

    def towers_of(self, engine: Engine) -> Towers | None:
        """Return the engine's encoder towers in this profile, or ``None`` if it has none."""
        return self.towers.get(engine.name) or engine.towers.get(self.engines)
