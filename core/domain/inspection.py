"""Everything the studio knows of one item, for the person who wants to check it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

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
    """An item with its photo, its stored stages and what each engine makes of it."""

    item: Item
    photo: Image.Image
    grounding: Grounding | None
    rewrite: Rewrite | None
    inputs: tuple[EngineInput, ...]
