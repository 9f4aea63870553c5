"""Grounding: where the product is in its photo."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from core.domain.geometry import Box


@dataclass(frozen=True, slots=True)
class Mask:
    """A binary mask in COCO's compressed run-length encoding.

    Attributes:
        width: Width of the photo, pixels.
        height: Height of the photo, pixels.
        counts: The compressed counts, as ``pycocotools`` writes them.
    """

    width: int
    height: int
    counts: str

    @classmethod
    def encode(cls, pixels: npt.NDArray[np.bool_]) -> Mask:
        """Encode ``[h, w] bool``."""
        rle = coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))
        height, width = pixels.shape
        return cls(width, height, rle["counts"].decode("ascii"))

    def rle(self) -> dict[str, object]:
        """Return the dictionary that ``pycocotools`` uses: ``{"size": [h, w], "counts": str}``."""
        return {"size": [self.height, self.width], "counts": self.counts}

    def decode(self) -> npt.NDArray[np.bool_]:
        """Return the pixels, ``[h, w] bool``."""
        pixels: npt.NDArray[np.bool_] = coco_mask.decode(self.rle()).astype(bool)
        return pixels

    @property
    def area(self) -> int:
        """Number of pixels set."""
        return int(coco_mask.area(self.rle()))


@dataclass(frozen=True, slots=True)
class Detection:
    """One candidate region.

    Attributes:
        phrase: The text that was looked for (the prompt, or ``salient`` for the fallback).
        score: Confidence of the grounder, 0 to 1; comparable only within one grounder.
        box: The region's box in pixels of the stored photo.
        mask: The region's pixels, if a segmenter ran.
        mask_score: The segmenter's own prediction of its mask's IoU, 0 to 1.
    """

    phrase: str
    score: float
    box: Box
    mask: Mask | None = None
    mask_score: float | None = None


#: Phrases of detections made without the prompt: a product alone on a plain background, a photo
#: that is the product as a whole, and a box drawn by a person.
SALIENT, PICTURE, DRAWN = "salient", "the photo itself", "drawn"

#: Value of ``Grounding.choice`` that means the whole photo.
WHOLE_PHOTO = -1


@dataclass(frozen=True, slots=True)
class Grounding:
    """All detections for one photo and prompt, best first, and the rule that picks one.

    Attributes:
        prompt: The text that was looked for.
        width: Width of the photo, pixels.
        height: Height of the photo, pixels.
        detections: Best first; may be empty.
        threshold: Smallest score at which a detection is used (the paper's τ).
        model: Name of the grounder (and segmenter) for people.
        fingerprint: Hash of everything that the result depends on besides photo and prompt.
        choice: A person's choice instead of the rule: index of a detection, from 0, or
            ``WHOLE_PHOTO``; ``None`` if nobody chose.

    Raises:
        ValueError: There is no detection with the index ``choice``.
    """

    prompt: str
    width: int
    height: int
    detections: tuple[Detection, ...]
    threshold: float
    model: str
    fingerprint: str
    choice: int | None = None

    def __post_init__(self) -> None:
        if self.choice is not None and not WHOLE_PHOTO <= self.choice < len(self.detections):
            raise ValueError(f"there is no detection {self.choice}")

    @property
    def best(self) -> Detection | None:
        """The detection that a person chose, else the best one at or above the threshold."""
        if self.choice is not None:
            return None if self.choice == WHOLE_PHOTO else self.detections[self.choice]
        if self.detections and self.detections[0].score >= self.threshold:
            return self.detections[0]
        return None

    @property
    def box(self) -> Box:
        """The box to crop to: the best detection's, else the whole photo (paper, stage 1)."""
        return self.best.box if self.best else Box.whole(self.width, self.height)
