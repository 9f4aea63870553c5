"""What every rewriter offers."""

from __future__ import annotations

from typing import Protocol

from PIL import Image

from core.domain.grounding import Grounding
from core.domain.item import Item
from core.domain.rewrite import Rewrite
from core.ports.encoder import Vectors


class Rewriter(Protocol):
    """Turns a listing into one short sentence of what can be seen (paper, stage 2)."""

    @property
    def name(self) -> str:
        """For people: ``rules``, or the model's name."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of everything the result depends on besides the item and its photo."""
        ...

    @property
    def towers(self) -> str:
        """Fingerprint of the encoder whose vector of the crop it can use; empty for none."""
        ...

    def rewrite(
        self,
        item: Item,
        photo: Image.Image | None,
        grounding: Grounding | None = None,
        vector: Vectors | None = None,
    ) -> Rewrite:
        """Describe an item; never empty, and never without the trace that led there.

        Args:
            item: The listing.
            photo: The stored photo.
            grounding: Where the product is in it.
            vector: Of the grounded crop, ``[d] float32``, from the encoder ``towers``.

        Raises:
            StudioError: The text could not be written; the sentence says why.
        """
        ...
