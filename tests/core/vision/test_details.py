"""Garments and parts get the hottest part of a warm region, complete objects get all of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from core.base.word_list import read_word_list
from core.domain import Box
from core.embedding.compact import CompactEncoder
from core.embedding.dense_features import DenseFeatures
from core.ports.segmenter import Segment
from core.settings import load_settings
from core.vision.compact_grounder import CompactGrounder, Words
from core.vision.details import is_detail
from core.vision.grounders import DETAILS, WHOLES

SIDE = 160
#: Rows and columns, in a 10 × 10 grid of patches, of the warm and of the hot region.
WARM, HOT = slice(1, 9), slice(3, 7)


@pytest.mark.parametrize(
    ("prompt", "detail"),
    [
        *(
            (word, True)
            for word in ("red summer dress", "running shoes", "kurta", "hood", "sleeve")
        ),
        *((word, True) for word in ("leather messenger bag", "door handle", "cardigan")),
        *(
            (word, False)
            for word in ("coffee table", "armchair", "wardrobe", "wine glass", "guitar")
        ),
        *((word, False) for word in ("milk carton", "red apple", "laptop", "person", "wall clock")),
    ],
)
def test_garments_and_parts_are_distinguished_from_objects(
    encoder: CompactEncoder, prompt: str, detail: bool
) -> None:
    shipped = load_settings().shipped
    details, wholes = (
        encoder.encode_texts(read_word_list(shipped / name)) for name in (DETAILS, WHOLES)
    )
    assert is_detail(encoder.encode_texts([prompt])[0], details, wholes) is detail


def test_a_prompt_is_a_detail_without_vocabularies() -> None:
    nothing = np.zeros((0, 4), np.float32)
    some = np.eye(4, dtype=np.float32)
    assert is_detail(some[0], nothing, some)
    assert is_detail(some[0], some, nothing)


#: Vectors of words and patches along the axes hot, cold, detail, whole.
DIRECTIONS = {
    "wall": (0, 1, 0, 0), "part": (0, 0, 1, 0), "thing": (0, 0, 0, 1),
    "sleeve": (0.9, 0, 0.44, 0), "table": (0.9, 0, 0, 0.44),
}  # fmt: skip


class Warmth:
    """An encoder stub whose features show a hot region inside a warm one."""

    fingerprint = "warmth"

    def encode_texts(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([DIRECTIONS.get(text, DIRECTIONS["wall"]) for text in texts], np.float32)

    def dense(self, image: Image.Image, long_side: int, similarity: str) -> DenseFeatures:
        grid = np.zeros((10, 10, 4), np.float32)
        grid[..., 1] = 1
        grid[WARM, WARM] = (0.73, 0.683, 0, 0)
        grid[HOT, HOT] = (1, 0, 0, 0)
        return DenseFeatures(grid, *image.size)


class PartOrWhole:
    """A segmenter stub with two masks of equal score: the hot region and the warm region."""

    name, fingerprint = "two", "two"

    def _segment(self, cells: slice) -> Segment:
        logits = np.full((40, 40), -8, np.float32)
        inside = slice(cells.start * 4, cells.stop * 4)
        logits[inside, inside] = 8
        return Segment(logits, (SIDE, SIDE), 0.9, 1.0)

    def from_points(self, image: Image.Image, points: Sequence) -> tuple[tuple[Segment, ...], ...]:
        return ((self._segment(HOT), self._segment(WARM)),) * len(points)

    def from_boxes(self, image: Image.Image, boxes: Sequence) -> tuple[Segment, ...]:
        return ()


@pytest.mark.parametrize(("prompt", "meant"), [("sleeve", HOT), ("table", WARM)])
def test_a_part_gets_the_hot_region_and_an_object_the_warm_region(
    prompt: str, meant: slice
) -> None:
    words = Words(("wall",), details=("part",), wholes=("thing",))
    grounder = CompactGrounder(Warmth(), PartOrWhole(), words, 0.0)  # type: ignore[arg-type]
    box = grounder.find(Image.new("RGB", (SIDE, SIDE)), prompt).detections[0].box
    start, stop = (end * SIDE // 10 for end in (meant.start, meant.stop))
    assert box.iou(Box(start, start, stop, stop)) > 0.9
