"""Everything the studio knows of one item, for the person who wants to check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from core.domain.correction import Correction, Stage
from core.domain.engine import Engine
from core.domain.grounding import Grounding
from core.domain.item import Item
from core.domain.rewrite import Rewrite


@dataclass(frozen=True, slots=True)
class EngineInput:
    """Exactly what one engine's encoder gets for an item.

    Attributes:
        engine: The recipe.
        picture: The image view at the encoder's resolution, before normalisation.
        text: The text view.
        fingerprint: Of the stored vector; empty when the item is not embedded yet.
        agreement: Cosine between the item's picture and text vectors, when embedded.
    """

    engine: Engine
    picture: Image.Image
    text: str
    fingerprint: str = ""
    agreement: float | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """An item with its photo, its stored stages and what each engine makes of it.

    Attributes:
        item: The item.
        photo: Its stored photo, upright RGB.
        grounding: Where the product is; ``None`` before it was grounded.
        rewrite: Its rewritten words; ``None`` before that.
        inputs: What each engine's encoder gets.
        corrections: What people decided about it, by stage; only what stands.
    """

    item: Item
    photo: Image.Image
    grounding: Grounding | None
    rewrite: Rewrite | None
    inputs: tuple[EngineInput, ...]
    corrections: Mapping[Stage, Correction] = field(default_factory=dict)
