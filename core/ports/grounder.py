"""What every grounder can do: a photo and words in, scored regions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain import Box, Detection, Grounding

#: The phrase of detections that were found without the prompt, of photos that are the product
#: themselves, and of what a person drew.
SALIENT, PICTURE, DRAWN = "salient", "the photo itself", "drawn"

Heatmap = npt.NDArray[np.float32]


@runtime_checkable
class Grounder(Protocol):
    """Finds the product in its photo. Safe to call from several threads; loads on first use."""

    @property
    def name(self) -> str:
        """Name of the models, for people."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of everything that a grounding depends on besides photo and prompt."""
        ...

    @property
    def threshold(self) -> float:
        """Smallest score that is trusted (τ); not part of the fingerprint."""
        ...

    def ground(self, image: Image.Image, prompt: str) -> Grounding:
        """The product of the photo: detections with masks, best first; none is an answer too.

        Raises:
            WeightsUnavailable: A model can't be had.
        """
        ...

    def find(self, image: Image.Image, phrase: str) -> Grounding:
        """Anything in the photo by its name: a part ("sleeve"), or something beside the product.

        Raises:
            WeightsUnavailable: A model can't be had.
        """
        ...

    def outline(self, image: Image.Image, box: Box) -> Detection:
        """A box that a person drew, with the mask of what is in it.

        Raises:
            WeightsUnavailable: A model can't be had.
        """
        ...

    def heatmap(self, image: Image.Image, prompt: str) -> Heatmap | None:
        """How well each part of the photo fits the prompt, ``[h, w] float32``, 0 to 1.

        Its grid covers the photo evenly; ``None`` when this grounder has no such thing.
        """
        ...


@runtime_checkable
class BatchGrounder(Grounder, Protocol):
    """A grounder that looks at several photos in one pass of its model."""

    def ground_batch(
        self, images: Sequence[Image.Image], prompts: Sequence[str]
    ) -> tuple[Grounding, ...]:
        """What :meth:`Grounder.ground` gives, one per photo.

        Raises:
            WeightsUnavailable: A model can't be had.
        """
        ...
