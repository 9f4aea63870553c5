"""What every grounder can do: a photo and words in, scored regions out."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain import Grounding

#: The phrase of detections that were found without the prompt.
SALIENT = "salient"

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

    def heatmap(self, image: Image.Image, prompt: str) -> Heatmap | None:
        """How well each part of the photo fits the prompt, ``[h, w] float32``, 0 to 1.

        Its grid covers the photo evenly; ``None`` when this grounder has no such thing.
        """
        ...
