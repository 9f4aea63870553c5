"""Where the product is in its photo."""

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
        width: Pixels of the photo that it belongs to.
        height: Pixels of the photo that it belongs to.
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
        """The dictionary that ``pycocotools`` takes: ``{"size": [h, w], "counts": str}``."""
        return {"size": [self.height, self.width], "counts": self.counts}

    def decode(self) -> npt.NDArray[np.bool_]:
        """The pixels, ``[h, w] bool``."""
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
        phrase: The words that it was found by (the prompt, or ``salient`` for the fallback).
        score: Confidence of the grounder, 0 to 1; comparable only within one grounder.
        box: Where, in pixels of the stored photo.
        mask: Its pixels, when a segmenter ran.
        mask_score: The segmenter's own prediction of its mask's IoU, 0 to 1.
    """

    phrase: str
    score: float
    box: Box
    mask: Mask | None = None
    mask_score: float | None = None


#: ``Grounding.choice`` of a person who wants the whole photo.
WHOLE_PHOTO = -1


@dataclass(frozen=True, slots=True)
class Grounding:
    """All detections for one photo and prompt, best first, and the rule that picks one.

    Attributes:
        prompt: What was asked for.
        width: Pixels of the photo.
        height: Pixels of the photo.
        detections: Best first; may be empty.
        threshold: The smallest score that is trusted (the paper's τ).
        model: Name of the grounder (and segmenter) for people.
        fingerprint: Hash of everything the result depends on besides photo and prompt.
        choice: What a person chose instead of the rule: the number of a detection, from 0, or
            ``WHOLE_PHOTO``; ``None`` where nobody did.

    Raises:
        ValueError: ``choice`` is the number of no detection.
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
        """What a person chose, else the most confident detection at or above the threshold."""
        if self.choice is not None:
            return None if self.choice == WHOLE_PHOTO else self.detections[self.choice]
        if self.detections and self.detections[0].score >= self.threshold:
            return self.detections[0]
        return None

    @property
    def box(self) -> Box:
        """The box to crop to: the best detection's, else the whole photo (paper, stage 1)."""
        return self.best.box if self.best else Box.whole(self.width, self.height)
