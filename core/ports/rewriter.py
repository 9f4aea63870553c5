"""Protocol of rewriters: an item and its photo in, a short description out."""

from __future__ import annotations

from typing import Protocol

from PIL import Image

from core.domain.detection import Grounding
from core.domain.item import Item
from core.domain.rewrite import Rewrite
from core.ports.encoder import Vectors


class Rewriter(Protocol):
    """Describe the visible product of a listing in one short sentence (paper, stage 2)."""

    @property
    def name(self) -> str:
        """Name for people: ``rules``, or the model's name."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of all that the result depends on, except the item and its photo."""
        ...

    @property
    def towers(self) -> str:
        """Fingerprint of the encoder whose crop vectors it can use; empty for none."""
        ...

    def rewrite(
        self,
        item: Item,
        photo: Image.Image | None,
        grounding: Grounding | None = None,
        vector: Vectors | None = None,
    ) -> Rewrite:
        """Describe an item; the text is never empty and always has a trace.

        Args:
            item: The listing.
            photo: The stored photo.
            grounding: The product's regions in the photo.
            vector: Vector of the grounded crop, ``[d] float32``, from the encoder ``towers``.

        Raises:
            StudioError: The text could not be written; the sentence says why.
        """
        ...
