"""All stored and computed data of one item, to check it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PIL import Image

from core.domain.correction import Correction, Stage
from core.domain.detection import Grounding
from core.domain.engine import Engine
from core.domain.item import Item
from core.domain.rewrite import Rewrite


@dataclass(frozen=True, slots=True)
class EngineInput:
    """The exact input of one engine's encoder for an item.

    Attributes:
        engine: The engine.
        picture: The image view at the encoder's resolution, before normalisation; ``None``
            without a photo.
        text: The text view.
        title: The listing's title, where it is mixed into the text's vector; empty otherwise.
        whole: Share of the whole photo's vector that is mixed into the picture's, 0 to 1.
        fingerprint: Fingerprint of the stored vector; empty if the item is not embedded yet.
        agreement: Cosine between the item's picture and text vectors; ``None`` if not embedded.
    """

    engine: Engine
    picture: Image.Image | None
    text: str
    fingerprint: str = ""
    agreement: float | None = None
    title: str = ""
    whole: float = 0.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """An item with its photo, its stored results and the inputs of each engine.

    Attributes:
        item: The item.
        photo: Its stored photo, upright RGB; ``None`` if it has none.
        grounding: Where the product is; ``None`` if it is not grounded yet.
        rewrite: Its rewritten text; ``None`` if there is none yet.
        inputs: Input of each engine's encoder.
        corrections: Corrections in force, by stage.
        relatives: Other items of its group: variants of the same product.
    """

    item: Item
    photo: Image.Image | None
    grounding: Grounding | None
    rewrite: Rewrite | None
    inputs: tuple[EngineInput, ...]
    corrections: Mapping[Stage, Correction] = field(default_factory=dict)
    relatives: tuple[Item, ...] = ()
