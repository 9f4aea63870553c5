"""Masks from points and boxes, by any SAM that ``segment_anything`` can predict with."""

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
from core.domain import Box
from core.ports.segmenter import STRIDE, Segment

if TYPE_CHECKING:
    from segment_anything.modeling import Sam

#: Raised when the same photo, prompts and weights would give other masks.
VERSION = "sam-1"
#: Prompts that go through the mask decoder at once; bounds its memory.
PROMPT_BATCH = 32
#: Longer, thinner photos are squeezed to this ratio first, or nothing would be left of a side.
MAX_ASPECT = 64

Pixels = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Encoding:
    features: Tensor
    input_size: tuple[int, int]
    original_size: tuple[int, int]


class SamSegmenter:
    """``segment_anything.SamPredictor`` that keeps the last photos' encodings.

    Args:
        load: Builds the model; called once, on first use.
        name: Name for people.
        weights: Gives the hash of the weights; called when a fingerprint is first asked for.
        device: Where the model runs.
        dtype: Number format of the image encoder; the decoder stays in float32.
        keep: How many photos' encodings are kept (4 MB each).
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
        self.encoded = 0  #: How often the image encoder ran.

    @property
    def name(self) -> str:
        """Name of the model, for people."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """Hash of the model and of the rules here."""
        return hashlib.sha256(f"{VERSION} {self._weights()}".encode()).hexdigest()

    def from_points(
        self, image: Image.Image, points: npt.NDArray[np.float32]
    ) -> tuple[tuple[Segment, ...], ...]:
        """Three candidate masks (part, whole, more) for each point ``[n, 2] (x, y)`` in pixels."""
        with self._lock, torch.inference_mode():
            scale = self._show(image)
            coords = self._predictor.transform.apply_coords(
                np.asarray(points, np.float32).reshape(-1, 2) * scale,
                self._predictor.original_size,
            )
            found: list[tuple[Segment, ...]] = []
            for part in self._batches(coords):
                labels = torch.ones((len(part), 1), dtype=torch.int, device=self._device)
                found.extend(self._decode(points=(part[:, None], labels), boxes=None))
        return tuple(found)

    def from_boxes(self, image: Image.Image, boxes: Sequence[Box]) -> tuple[Segment, ...]:
        """One mask per box."""
        with self._lock, torch.inference_mode():
            scale = self._show(image)
            corners = np.array([box.as_xyxy() for box in boxes], np.float32).reshape(-1, 4)
            coords = self._predictor.transform.apply_boxes(
                corners * np.tile(scale, 2), self._predictor.original_size
            )
            found: list[Segment] = []
            for part in self._batches(coords):
                found.extend(masks[0] for masks in self._decode(points=None, boxes=part))
        return tuple(found)

    def _batches(self, coords: npt.NDArray[np.floating[Any]]) -> Sequence[Tensor]:
        given = torch.as_tensor(coords, dtype=torch.float32, device=self._device)
        return torch.split(given, PROMPT_BATCH) if len(given) else ()

    def _decode(
        self, points: tuple[Tensor, Tensor] | None, boxes: Tensor | None
    ) -> list[tuple[Segment, ...]]:
        """Masks per prompt. ``predict_torch`` would blow every one of them up to the photo."""
        model, predictor = self._predictor.model, self._predictor
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
        given, arrays = scores.float().clamp(0, 1).cpu().numpy(), logits.cpu().numpy()
        extent = predictor.input_size
        return [
            tuple(
                Segment(arrays[i, j], extent, float(given[i, j]), float(stable[i, j]))
                for j in range(arrays.shape[1])
            )
            for i in range(arrays.shape[0])
        ]

    def _show(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """Set the predictor to this photo; what its coordinates ``(x, y)`` are to be scaled by."""
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
        with torch.autocast(self._device.type, dtype=self._dtype, enabled=reduced):
            predictor.set_image(pixels)
        features = predictor.features.float()
        return _Encoding(features, tuple(predictor.input_size), tuple(predictor.original_size))
