"""What every rewriter offers."""

from __future__ import annotations

from typing import Protocol

from PIL import Image

from core.domain.item import Item
from core.domain.rewrite import Rewrite


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

    def rewrite(self, item: Item, photo: Image.Image | None) -> Rewrite:
        """Describe an item; never empty, and never without the trace that led there.

        Raises:
            StudioError: The text could not be written; the sentence says why.
        """
        ...
