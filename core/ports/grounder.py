"""Protocol of grounders: a photo and a phrase in, scored regions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain import Box, Detection, Grounding
from core.domain.detection import DRAWN, PICTURE, SALIENT

__all__ = [
    "DRAWN",
    "PICTURE",
    "SALIENT",
    "BatchGrounder",
    "GlancingGrounder",
    "Grounder",
    "Heatmap",
]

Heatmap = npt.NDArray[np.float32]


@runtime_checkable
class Grounder(Protocol):
    """Find products in photos. Safe to call from several threads; loads on first use."""

    @property
    def name(self) -> str:
        """Name of the models, for people."""
        ...

    @property
    def fingerprint(self) -> str:
        """Hash of all that a grounding depends on, except photo, prompt and threshold."""
        ...

    @property
    def threshold(self) -> float:
        """Smallest score of a trusted detection (τ); not part of the fingerprint."""
        ...

    @property
    def has_heat_maps(self) -> bool:
        """Whether ``heatmap`` returns heat maps."""
        ...

    def ground(self, image: Image.Image, prompt: str) -> Grounding:
        """Find the product of the photo: detections with masks, best first, possibly none.

        Raises:
            WeightsUnavailable: A model can't be loaded.
        """
        ...

    def find(self, image: Image.Image, phrase: str) -> Grounding:
        """Find anything in the photo by its name: a part ("sleeve") or another object.

        Raises:
            WeightsUnavailable: A model can't be loaded.
        """
        ...

    def outline(self, image: Image.Image, box: Box) -> Detection:
        """Return a detection for a box that a person drew, with the mask of its content.

        Raises:
            WeightsUnavailable: A model can't be loaded.
        """
        ...

    def heatmap(self, image: Image.Image, prompt: str) -> Heatmap | None:
        """Return how well each cell of the photo fits the prompt: ``[h, w] float32``, 0 to 1.

        The grid covers the photo evenly. ``None`` if this grounder makes no heat maps.
        """
        ...


@runtime_checkable
class BatchGrounder(Grounder, Protocol):
    """A grounder that grounds several photos in one pass of its model."""

    @property
    def batch_size(self) -> int:
        """How many photos one pass may take with the memory that is free now, 1 or more."""
        ...

    def ground_batch(
        self, images: Sequence[Image.Image], prompts: Sequence[str]
    ) -> tuple[Grounding, ...]:
        """Return the result of :meth:`Grounder.ground` for each photo.

        Raises:
            WeightsUnavailable: A model can't be loaded.
        """
        ...


@runtime_checkable
class GlancingGrounder(Grounder, Protocol):
    """A grounder that can guess at once which things a photo shows, and about where."""

    def glance(self, image: Image.Image, phrases: Sequence[str]) -> tuple[Detection, ...]:
        """Return a rough box per phrase, without a mask, in one small pass of the model.

        The scores compare the phrases with each other, and not with those of :meth:`find`.

        Raises:
            WeightsUnavailable: A model can't be loaded.
        """
        ...
