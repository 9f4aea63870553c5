"""SAM's two halves in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from core.vision.sam_models import INSIDE, Array, Encoding

if TYPE_CHECKING:
    from segment_anything.modeling import Sam


class TorchSam:
    """Any SAM model of ``segment_anything``.

    Args:
        sam: The model.
        device: Where it runs.
        dtype: Number format of the image encoder; the decoder stays in float32.
    """

    def __init__(
        self, sam: Sam, device: torch.device | None = None, dtype: torch.dtype = torch.float32
    ) -> None:
        from segment_anything import SamPredictor

        self._device, self._dtype = device or torch.device("cpu"), dtype
        self._predictor: Any = SamPredictor(sam.to(self._device).eval())
        self.side = int(sam.image_encoder.img_size)

    @torch.inference_mode()
    def encode(self, pixels: npt.NDArray[np.uint8]) -> Encoding:
        """Encode a photo."""
        reduced = self._dtype != torch.float32
        with torch.autocast(self._device.type, dtype=self._dtype, enabled=reduced):
            self._predictor.set_image(pixels)
        return Encoding(self._predictor.features.float(), tuple(self._predictor.input_size))

    def points(self, encoding: Encoding, points: Array) -> tuple[Array, Array]:
        """Return three masks per point."""
        given = torch.as_tensor(points, device=self._device)[:, None]
        labels = torch.full((len(given), 1), INSIDE, dtype=torch.int, device=self._device)
        return self._decoded(encoding, points=(given, labels), boxes=None)

    def boxes(self, encoding: Encoding, boxes: Array) -> tuple[Array, Array]:
        """Return one mask per box."""
        given = torch.as_tensor(boxes, device=self._device)
        return self._decoded(encoding, points=None, boxes=given)

    @torch.inference_mode()
    def _decoded(self, encoding: Encoding, points: Any, boxes: Any) -> tuple[Array, Array]:
        # ``predict_torch`` is not used because it resizes every mask to the photo's size.
        model = self._predictor.model
        sparse, dense = model.prompt_encoder(points=points, boxes=boxes, masks=None)
        logits, scores = model.mask_decoder(
            image_embeddings=encoding.features,
            image_pe=model.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=points is not None,
        )
        return logits.float().cpu().numpy(), scores.float().cpu().numpy()
