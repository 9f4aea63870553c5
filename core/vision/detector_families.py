"""How the zero-shot detectors of ``transformers`` are asked, one class per family.

All are loaded by the same classes; they differ in the form of the words, in the sizes of pictures
that they take, and in the call that turns outputs into boxes.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol

from PIL import Image

from core.errors import SettingsError

#: Smallest score of a token for it to be part of a box's phrase (Grounding DINO's model card).
TEXT_THRESHOLD = 0.25
#: Ratio of the longest to the shortest edge that Grounding DINO's pictures may have: 1,333 / 800.
_LONGEST = 1333 / 800

Sizes = Sequence[tuple[int, int]]


class DetectorFamily(Protocol):
    """The calls of one family of detectors."""

    #: Increase it when the same photo, prompt and weights would give other boxes.
    version: str

    def size(self, side: int) -> dict[str, Any]:
        """Return the processor's arguments for pictures of another size than the model's own.

        Args:
            side: Pixels of the shorter edge; 0 is the model's own size.

        Raises:
            SettingsError: The model takes one size only.
        """
        ...

    def inputs(
        self, processor: Any, images: Sequence[Image.Image], phrases: Sequence[str], **size: Any
    ) -> Any:
        """Return the model's inputs for one phrase per photo."""
        ...

    def results(
        self, processor: Any, outputs: Any, inputs: Any, floor: float, sizes: Sizes
    ) -> list[dict[str, Any]]:
        """Return ``scores`` and ``boxes`` (corners in pixels) per photo.

        Args:
            processor: The model's processor.
            outputs: The model's outputs, float32.
            inputs: Its inputs.
            floor: Smallest score.
            sizes: Height and width of each photo.
        """
        ...


class GroundingDinoFamily:
    """Grounding DINO (Liu et al. 2023) and MM-Grounding-DINO (Zhao et al. 2024).

    They are asked with a caption in lower case, as in training: "wooden chair .".
    """

    version = "grounding-dino-1"

    def size(self, side: int) -> dict[str, Any]:
        """Return shortest and longest edge."""
        edges = {"shortest_edge": side, "longest_edge": round(side * _LONGEST)}
        return {"size": edges} if side else {}

    def inputs(
        self, processor: Any, images: Sequence[Image.Image], phrases: Sequence[str], **size: Any
    ) -> Any:
        """Return pictures with captions."""
        captions = [f"{phrase} ." for phrase in phrases]
        return processor(
            images=list(images), text=captions, padding=True, truncation=True,
            return_tensors="pt", **size,
        )  # fmt: skip

    def results(
        self, processor: Any, outputs: Any, inputs: Any, floor: float, sizes: Sizes
    ) -> list[dict[str, Any]]:
        """Return the boxes; ``threshold`` was ``box_threshold`` before transformers 4.51."""
        method = processor.post_process_grounded_object_detection
        names = inspect.signature(method).parameters
        floors = {"threshold" if "threshold" in names else "box_threshold": floor}
        results: list[dict[str, Any]] = method(
            outputs, inputs["input_ids"], **floors, text_threshold=TEXT_THRESHOLD,
            target_sizes=list(sizes),
        )  # fmt: skip
        return results


class Owlv2Family:
    """OWLv2 (Minderer et al. 2023), asked with "a photo of a wooden chair"."""

    version = "owlv2-1"

    def size(self, side: int) -> dict[str, Any]:
        """Refuse: the model has learnt positions of one size."""
        return _only_own_size("OWLv2", side)

    def inputs(
        self, processor: Any, images: Sequence[Image.Image], phrases: Sequence[str], **size: Any
    ) -> Any:
        """Return pictures, padded to squares, each with its one query."""
        queries = [[f"a photo of a {phrase}"] for phrase in phrases]
        return processor(text=queries, images=list(images), truncation=True, return_tensors="pt")

    def results(
        self, processor: Any, outputs: Any, inputs: Any, floor: float, sizes: Sizes
    ) -> list[dict[str, Any]]:
        """Return the boxes; those in the padding are clipped by the caller."""
        results: list[dict[str, Any]] = processor.post_process_grounded_object_detection(
            outputs, threshold=floor, target_sizes=list(sizes)
        )
        return results


class OmDetTurboFamily:
    """OmDet-Turbo (Zhao et al. 2024), asked with the class and the task "Detect wooden chair."."""

    version = "omdet-turbo-1"

    def size(self, side: int) -> dict[str, Any]:
        """Refuse: the backbone is built for one size."""
        return _only_own_size("OmDet-Turbo", side)

    def inputs(
        self, processor: Any, images: Sequence[Image.Image], phrases: Sequence[str], **size: Any
    ) -> Any:
        """Return pictures, squashed to squares, each with its one class."""
        classes = [[phrase] for phrase in phrases]
        return processor(images=list(images), text=classes, return_tensors="pt")

    def results(
        self, processor: Any, outputs: Any, inputs: Any, floor: float, sizes: Sizes
    ) -> list[dict[str, Any]]:
        """Return the boxes."""
        results: list[dict[str, Any]] = processor.post_process_grounded_object_detection(
            outputs, threshold=floor, target_sizes=list(sizes)
        )
        return results


def _only_own_size(title: str, side: int) -> dict[str, Any]:
    if side:
        raise SettingsError(
            f"{title} takes pictures of one size only. Leave VLCLIP_GROUNDING_SIDE and the "
            "profile's “side” at 0."
        )
    return {}


#: Families that a recipe in ``data/detectors`` may name. To add one, write a class and a line here.
FAMILIES: dict[str, DetectorFamily] = {
    "grounding-dino": GroundingDinoFamily(),
    "owlv2": Owlv2Family(),
    "omdet-turbo": OmDetTurboFamily(),
}
