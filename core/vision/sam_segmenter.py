"""Make masks for points and boxes with any SAM model."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.base.lazy import lazy
from core.base.recent import Recent, pixel_hash
from core.base.threads import for_pictures
from core.domain import Box
from core.ports.segmenter import STRIDE, Segment
from core.vision.sam_models import Array, Encoding, SamModel

#: Increase it when the same photo, prompts and weights would give other masks.
VERSION = "sam-1"
#: How many prompts one pass of the mask decoder takes; it bounds the memory.
PROMPT_BATCH = 32
#: Largest ratio of the sides; thinner photos are widened, so that SAM's resizing leaves no side
#: without pixels.
MAX_ASPECT = 64


class SamSegmenter:
    """Segment with a SAM model and cache the last photos' encodings.

    Args:
        load: Builds the model; called once, on first use.
        name: Name of the model, for people.
        weights: Returns the hash of the weights; called on each access to ``fingerprint``.
        device: Name of the device where the model runs.
        keep: How many photos' encodings are cached (4 MB each).
    """

    def __init__(
        self,
        load: Callable[[], SamModel],
        name: str,
        weights: Callable[[], str],
        device: str = "cpu",
        keep: int = 16,
    ) -> None:
        self._load = load
        self._name = name
        self._weights = weights
        self._device = device
        self._lock = threading.Lock()
        self._encodings: Recent[Encoding] = Recent(keep)
        self.encoded = 0  #: How many times the image encoder ran.

    @property
    def name(self) -> str:
        """Name of the model, for people."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and of this module's version."""
        return hashlib.sha256(f"{VERSION} {self._weights()}".encode()).hexdigest()

    @lazy
    def _model(self) -> SamModel:
        return self._load()

    def from_points(
        self, image: Image.Image, points: npt.NDArray[np.float32]
    ) -> tuple[tuple[Segment, ...], ...]:
        """Return three masks (part, whole, more) per point; points are ``[n, 2] (x, y)`` pixels."""
        given = np.asarray(points, np.float32).reshape(-1, 2)
        return self._masks(image, given, self._model.points)

    def from_boxes(self, image: Image.Image, boxes: Sequence[Box]) -> tuple[Segment, ...]:
        """Return one mask per box."""
        corners = np.array([box.as_xyxy() for box in boxes], np.float32).reshape(-1, 4)
        return tuple(masks[0] for masks in self._masks(image, corners, self._model.boxes))

    def _masks(
        self,
        image: Image.Image,
        prompts: Array,
        decode: Callable[[Encoding, Array], tuple[Array, Array]],
    ) -> tuple[tuple[Segment, ...], ...]:
        """Return the masks of each prompt, at the decoder's size; prompts are ``[n, 2 or 4]``."""
        with self._lock:
            encoding = self._encoding(image)
        scale = np.array(encoding.extent[::-1], np.float32) / np.array(image.size, np.float32)
        placed = prompts * np.tile(scale, prompts.shape[1] // 2)
        masks: list[tuple[Segment, ...]] = []
        for start in range(0, len(placed), PROMPT_BATCH):
            with for_pictures(self._device):
                logits, scores = decode(encoding, placed[start : start + PROMPT_BATCH])
            masks.extend(_segments(logits, scores, encoding.extent))
        return tuple(masks)

    def _encoding(self, image: Image.Image) -> Encoding:
        least = -(-max(image.size) // MAX_ASPECT)
        size = (max(image.width, least), max(image.height, least))
        shown = image.convert("RGB") if size == image.size else image.convert("RGB").resize(size)
        key = pixel_hash(shown)
        encoding = self._encodings.get(key)
        if encoding is None:
            self.encoded += 1
            with for_pictures(self._device):
                encoding = self._model.encode(np.asarray(shown))
            self._encodings.put(key, encoding)
        return encoding


def _segments(logits: Array, scores: Array, shown: tuple[int, int]) -> list[tuple[Segment, ...]]:
    """Return masks ``[n, m, h, w]`` with scores ``[n, m]`` of a photo of that extent."""
    rows, columns = (-(-side // STRIDE) for side in shown)
    cut = logits[..., :rows, :columns]
    inner, outer = ((cut > level).sum((-2, -1)) for level in (1, -1))
    stable, quality = inner / np.maximum(outer, 1), np.clip(scores, 0, 1)
    return [
        tuple(
            Segment(cut[i, j].copy(), shown, float(quality[i, j]), float(stable[i, j]))
            for j in range(cut.shape[1])
        )
        for i in range(len(cut))
    ]
