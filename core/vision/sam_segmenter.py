"""Make masks for points and boxes with any SAM model of ``segment_anything``."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from core.base.recent import Recent, pixel_hash
from core.base.threads import for_pictures
from core.domain import Box
from core.ports.segmenter import STRIDE, Segment

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

#: Increase it when the same photo, prompts and weights would give other masks.
VERSION = "sam-1"
#: How many prompts one pass of the mask decoder takes; it bounds the memory.
PROMPT_BATCH = 32
#: Largest ratio of the sides; thinner photos are widened, so that SAM's resizing leaves no side
#: without pixels.
MAX_ASPECT = 64

Pixels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Encoding:
    features: Tensor
    input_size: tuple[int, int]
    original_size: tuple[int, int]


class SamSegmenter:
    """Segment with ``segment_anything.SamPredictor`` and cache the last photos' encodings.

    Args:
        load: Builds the model; called once, on first use.
        name: Name of the model, for people.
        weights: Returns the hash of the weights; called on each access to ``fingerprint``.
        device: Where the model runs.
        dtype: Number format of the image encoder; the decoder stays in float32.
        keep: How many photos' encodings are cached (4 MB each).
    """

    def __init__(
        self,
        load: Callable[[], Sam],
        name: str,
        weights: Callable[[], str],
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
        keep: int = 16,
    ) -> None:
        self._load = load
        self._name = name
        self._weights = weights
        self._device = device or torch.device("cpu")
        self._dtype = dtype
        self._lock = threading.Lock()
        self._predictor: Any = None
        self._encodings: Recent[_Encoding] = Recent(keep)
        self.encoded = 0  #: How many times the image encoder ran.

    @property
    def name(self) -> str:
        """Name of the model, for people."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and of this module's version."""
        return hashlib.sha256(f"{VERSION} {self._weights()}".encode()).hexdigest()

    def from_points(
        self, image: Image.Image, points: npt.NDArray[np.float32]
    ) -> tuple[tuple[Segment, ...], ...]:
        """Return three masks (part, whole, more) per point; points are ``[n, 2] (x, y)`` pixels."""
        with self._lock, torch.inference_mode():
            scale = self._set_photo(image)
            coords = self._predictor.transform.apply_coords(
                np.asarray(points, np.float32).reshape(-1, 2) * scale,
                self._predictor.original_size,
            )
            masks: list[tuple[Segment, ...]] = []
            for part in self._batches(coords):
                labels = torch.ones((len(part), 1), dtype=torch.int, device=self._device)
                masks.extend(self._decode(points=(part[:, None], labels), boxes=None))
        return tuple(masks)

    def from_boxes(self, image: Image.Image, boxes: Sequence[Box]) -> tuple[Segment, ...]:
        """Return one mask per box."""
        with self._lock, torch.inference_mode():
            scale = self._set_photo(image)
            corners = np.array([box.as_xyxy() for box in boxes], np.float32).reshape(-1, 4)
            coords = self._predictor.transform.apply_boxes(
                corners * np.tile(scale, 2), self._predictor.original_size
            )
            masks: list[Segment] = []
            for part in self._batches(coords):
                masks.extend(candidates[0] for candidates in self._decode(points=None, boxes=part))
        return tuple(masks)

    def _batches(self, coords: npt.NDArray[np.floating[Any]]) -> Sequence[Tensor]:
        tensor = torch.as_tensor(coords, dtype=torch.float32, device=self._device)
        return torch.split(tensor, PROMPT_BATCH) if len(tensor) else ()

    def _decode(
        self, points: tuple[Tensor, Tensor] | None, boxes: Tensor | None
    ) -> list[tuple[Segment, ...]]:
        """Return the masks of each prompt, at the decoder's size.

        ``predict_torch`` is not used because it resizes every mask to the photo's size.
        """
        model, predictor = self._predictor.model, self._predictor
        with for_pictures(self._device):
            sparse, dense = model.prompt_encoder(points=points, boxes=boxes, masks=None)
            logits, scores = model.mask_decoder(
                image_embeddings=predictor.features,
                image_pe=model.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=points is not None,
            )
        rows, columns = (-(-side // STRIDE) for side in predictor.input_size)
        logits = logits[..., :rows, :columns].float()
        inner, outer = (logits > 1).sum((-2, -1)), (logits > -1).sum((-2, -1))
        stable = (inner / outer.clamp(min=1)).cpu().numpy()
        quality, arrays = scores.float().clamp(0, 1).cpu().numpy(), logits.cpu().numpy()
        extent = predictor.input_size
        return [
            tuple(
                Segment(arrays[i, j], extent, float(quality[i, j]), float(stable[i, j]))
                for j in range(arrays.shape[1])
            )
            for i in range(arrays.shape[0])
        ]

    def _set_photo(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """Set the predictor to this photo and return the scale of its coordinates ``(x, y)``."""
        if self._predictor is None:
            from segment_anything import SamPredictor

            self._predictor = SamPredictor(self._load().to(self._device).eval())
        least = -(-max(image.size) // MAX_ASPECT)
        size = (max(image.width, least), max(image.height, least))
        shown = image.convert("RGB") if size == image.size else image.convert("RGB").resize(size)
        key = pixel_hash(shown)
        encoding = self._encodings.get(key)
        if encoding is None:
            encoding = self._encodings.put(key, self._encode(np.asarray(shown)))
        self._predictor.features = encoding.features
        self._predictor.input_size = encoding.input_size
        self._predictor.original_size = encoding.original_size
        return np.divide(size, image.size, dtype=np.float32)

    def _encode(self, pixels: npt.NDArray[np.uint8]) -> _Encoding:
        self.encoded += 1
        predictor, reduced = self._predictor, self._dtype != torch.float32
        mixed = torch.autocast(self._device.type, dtype=self._dtype, enabled=reduced)
        with for_pictures(self._device), mixed:
            predictor.set_image(pixels)
        features = predictor.features.float()
        return _Encoding(features, tuple(predictor.input_size), tuple(predictor.original_size))
