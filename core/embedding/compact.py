"""The compact encoder: CLIP's ViT-B/16 image tower and the project's own text tower."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.base.lazy import lazy
from core.base.recent import Recent, look_up
from core.base.threads import for_pictures, for_strips, for_words
from core.embedding import preprocess
from core.embedding.batched_encoder import KEEP, BatchedEncoder, content_hash
from core.embedding.dense_features import DenseFeatures, Similarity
from core.embedding.device import device_name
from core.embedding.preprocess import Pixels
from core.embedding.tower_files import GROUNDING_ROLE, fingerprint_of
from core.errors import WeightsUnavailable
from core.ports.encoder import Vectors
from core.weights import clip_from_onnx
from core.weights.store import WeightStore

if TYPE_CHECKING:  # torch takes half a gigabyte, which ONNX Runtime does not need
    from open_clip.transformer import VisionTransformer
    from torch import Tensor

    from core.embedding.image_tower import ImageTower
    from core.embedding.text_reader import TextReader

#: Sizes of the image tower.
DIM, IMAGE_SIZE, PATCH = clip_from_onnx.DIM, clip_from_onnx.IMAGE_SIZE, clip_from_onnx.PATCH


class CompactEncoder(BatchedEncoder):
    """An encoder of two towers that load separately, so texts don't need the image tower.

    Args:
        weights: Where the towers' files come from.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``, for the image tower.
        precision: ``auto``, ``float32``, ``bfloat16`` or ``int8``, for the image tower.
        runtime: ``auto``, ``torch`` or ``onnx``, for both towers.
    """

    def __init__(
        self,
        weights: WeightStore,
        device: str = "auto",
        precision: str = "auto",
        runtime: str = "auto",
    ) -> None:
        self._weights = weights
        self._device = device_name(device)
        self._precision, self.runtime = precision, runtime
        self._visual: VisionTransformer | None = None
        self._pooled: Recent[Vectors] = Recent(KEEP)
        self._text: TextReader | None = None
        self._visual_lock, self._text_lock = threading.Lock(), threading.Lock()

    @property
    def dim(self) -> int:
        """512."""
        return DIM

    @property
    def fingerprint(self) -> str:
        """Hash of both towers and the preprocessing; needs no download."""
        parts = (
            self.image_fingerprint,
            self._text_fingerprint,
            preprocess.VERSION,
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def image_fingerprint(self) -> str:
        """Hash of the image tower alone."""
        return self._weights.fingerprint("clip-image")

    @lazy
    def _text_fingerprint(self) -> str:
        """Hash of the text tower, which need not be loaded for it."""
        return fingerprint_of(self._weights.path(GROUNDING_ROLE))

    @property
    def text_tower(self) -> TextReader:
        """The text tower that the grounder's and the rewriter's rules are fitted to.

        It is loaded on first use, in the runtime that is the fastest here.

        Raises:
            WeightsUnavailable: Its files are missing.
        """
        with self._text_lock:
            if self._text is None:
                from core.embedding.tower_choice import choose_text_tower

                self._text = choose_text_tower(self._weights, GROUNDING_ROLE, self.runtime)
            return self._text

    @property
    def visual(self) -> VisionTransformer:
        """The image tower in PyTorch, fetched and loaded on first use, without gradients.

        Raises:
            WeightsUnavailable: It can't be fetched.
        """
        with self._visual_lock:
            if self._visual is None:
                self._visual = self._in_its_format(self._load_visual()).to(self._device)
            return self._visual

    @lazy
    def tower(self) -> ImageTower:
        """The image tower in the runtime that is the fastest here.

        Raises:
            WeightsUnavailable: It can't be fetched.
        """
        from core.embedding.image_tower import OnnxTower
        from core.embedding.tower_choice import choose_tower

        with for_pictures(self._device):
            tower = choose_tower(
                self._weights, lambda: self.visual, self._device, self.runtime, self._precision
            )
        if isinstance(tower, OnnxTower):
            self._visual = None  # it was loaded to be measured
        return tower

    def _load_visual(self) -> VisionTransformer:
        path = self._weights.path("clip-image")
        try:
            return clip_from_onnx.load_visual(path)
        except Exception as error:  # the file's reader raises an error of its own
            reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            raise WeightsUnavailable(
                f"The image tower in {path} can't be read ({reason}). Fetch it anew: "
                "`python app.py weights fetch clip-image --force`."
            ) from error

    def with_changes(self, changed: Mapping[str, Tensor]) -> VisionTransformer:
        """Return the image tower with some of its tensors replaced; it shares the others.

        Raises:
            ValueError: A tensor has an unknown name or the wrong shape.
        """
        tensors = self.visual.state_dict()
        for name, tensor in changed.items():
            if name not in tensors or tensors[name].shape != tensor.shape:
                raise ValueError(f"the image tower has no {name} of {list(tensor.shape)} numbers")
            tensors[name] = tensor.to(self._device, tensors[name].dtype)
        return self._in_its_format(clip_from_onnx.visual_of(tensors))

    def _in_its_format(self, visual: VisionTransformer) -> VisionTransformer:
        """Put the tower's blocks into bfloat16 where the settings or this machine want it."""
        import torch

        from core.embedding.device import resolve_dtype
        from core.embedding.mixed_precision import use_bfloat16

        if resolve_dtype(self._precision, torch.device(self._device)) == torch.bfloat16:
            use_bfloat16(visual)
        return visual

    def prepare(self, images: Sequence[Image.Image]) -> Pixels:
        """Place whole pictures on white squares: ``[n, 3, 224, 224] uint8``."""
        return preprocess.prepare_squares(images, IMAGE_SIZE)

    def encode_prepared(self, batch: Pixels) -> Vectors:
        """Embed one prepared batch: ``[n, 512] float32, L2-normalised``.

        Pictures that repeat are embedded once: a crop that is the whole photo, a photo of several
        variants, a square photo that ``dense`` has seen.
        """

        def compute(places: list[int]) -> list[Vectors]:
            tower = self.tower
            with for_pictures(self._device):
                return [*tower.pooled(batch[places])]

        keys = [content_hash(row) for row in batch]
        vectors: list[Vectors] = look_up(self._pooled, keys, compute)
        return np.stack(vectors)

    def encode_strips(self, strips: Sequence[Image.Image]) -> Vectors:
        """Embed the middle strips of white squares, each 224 pixels wide: ``[n, 512] float32``."""
        tower = self.tower
        with for_strips():
            vectors = [tower.strip(np.array(strip).transpose(2, 0, 1)[None]) for strip in strips]
        return np.concatenate(vectors)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """Embed words: ``[n, 512] float32, L2-normalised``."""
        tower = self.text_tower
        with for_words(len(texts)):
            return tower.encode(texts)

    def dense(
        self, image: Image.Image, long_side: int = 448, similarity: Similarity = "value"
    ) -> DenseFeatures:
        """Compute patch features of the unpadded picture, comparable with text vectors.

        Args:
            image: The picture.
            long_side: Its longer side as model input, pixels; both sides become multiples of 16.
            similarity: Self-similarity that replaces the last attention.
        """
        pixels = preprocess.prepare_grid(image, long_side, PATCH)
        tower = self.tower
        with for_pictures(self._device):
            if pixels.shape[-2:] == (IMAGE_SIZE, IMAGE_SIZE):
                pooled, patches = tower.both(pixels, similarity)
                self._pooled.put(content_hash(pixels[0]), pooled[0])
            else:
                patches = tower.patches(pixels, similarity)
        return DenseFeatures(patches[0], *image.size)
