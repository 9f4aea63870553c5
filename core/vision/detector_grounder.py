"""Zero-shot detectors through ``transformers``: Grounding DINO, as in the paper, and others.

The model is asked for the product type in lower case. It returns boxes with scores; the box with
the highest score is the product. SAM adds masks, which the paper does not use.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from core.base.threads import for_pictures
from core.domain import Box, Detection, Grounding, Mask
from core.embedding.device import most_at_once
from core.embedding.tokenizer_check import check_tokenizer
from core.errors import SettingsError, WeightsUnavailable
from core.ports.grounder import Heatmap
from core.ports.segmenter import Segmenter
from core.vision.detector_families import FAMILIES
from core.vision.regions import drawn
from core.weights.broken import LOAD_ERRORS, explain
from core.weights.detector_recipes import DetectorRecipe

#: How many boxes of a photo are stored.
MAX_DETECTIONS = 8
#: Overlap (IoU) above which the lower-scored box is a repeat; the model itself has no NMS.
SAME = 0.8
#: Most photos in one pass.
MAX_BATCH = 8
#: Longest phrase, in characters.
PHRASE_CHARACTERS = 200
#: Largest ratio of the sides; thinner photos are not searched, as the model's resizing fails.
MAX_ASPECT = 32


def phrase_of(prompt: str) -> str:
    """Return the prompt as detectors have learnt phrases; empty if it has no letter or digit.

    >>> phrase_of("Women's Handbags")
    "women's handbags"
    """
    words = " ".join(prompt.lower().replace(".", " ").split())[:PHRASE_CHARACTERS].strip()
    return words if any(character.isalnum() for character in words) else ""


class DetectorGrounder:
    """Ground products with a zero-shot detector in the layout of ``transformers``.

    Args:
        recipe: The detector.
        folder: Returns the checkpoint's folder; called once, on first use.
        weights: Returns the hash of the checkpoint; called on each access to ``fingerprint``.
        segmenter: Gives masks for boxes.
        threshold: Smallest score of a detection that is used for cropping (τ).
        device: Where the model runs.
        dtype: Number format of the model.
        side: Pixels of the shorter edge of the pictures that it gets; 0 is its own size.

    Raises:
        SettingsError: The recipe names an unknown family, or the model takes one size only.
    """

    def __init__(
        self,
        recipe: DetectorRecipe,
        folder: Callable[[], Path],
        weights: Callable[[], str],
        segmenter: Segmenter,
        threshold: float,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
        side: int = 0,
    ) -> None:
        if recipe.family not in FAMILIES:
            raise SettingsError(
                f"The detector “{recipe.title}” is of the family “{recipe.family[:40]}”; there are "
                f"{', '.join(FAMILIES)}."
            )
        self._recipe, self._family, self._side = recipe, FAMILIES[recipe.family], side
        self._size = self._family.size(side)
        self._folder = folder
        self._weights = weights
        self._segmenter = segmenter
        self._threshold = threshold
        self._device = device or torch.device("cpu")
        self._dtype = dtype
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    @property
    def name(self) -> str:
        """Name of the models, for people."""
        return f"{self._recipe.title} + {self._segmenter.name}"

    @property
    def fingerprint(self) -> str:
        """Hash of weights, family and size of pictures; it does not cover the threshold."""
        parts = [self._family.version, self._weights(), self._segmenter.fingerprint]
        if self._side:
            parts.append(f"side {self._side}")
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def outline(self, image: Image.Image, box: Box) -> Detection:
        """Return a detection for a box that a person drew, with the mask of its content."""
        return drawn(self._segmenter, image, box)

    @property
    def threshold(self) -> float:
        """Smallest score that is trusted (τ)."""
        return self._threshold

    @property
    def batch_size(self) -> int:
        """How many photos one pass may take with the memory that is free now, 1 or more."""
        # at the model's own size; at a smaller one fewer photos than possible are taken
        return most_at_once(self._device, self._recipe.photo_mb * 1_000_000, MAX_BATCH)

    @property
    def has_heat_maps(self) -> bool:
        """False: this model gives boxes only."""
        return False

    def heatmap(self, image: Image.Image, prompt: str) -> Heatmap | None:
        """Return ``None``: this model gives boxes only."""
        return None

    def ground(self, image: Image.Image, prompt: str) -> Grounding:
        """Find the product of the photo: all detections, best first."""
        return self.ground_batch([image], [prompt])[0]

    def find(self, image: Image.Image, phrase: str) -> Grounding:
        """Find anything in the photo by its name; the same as ``ground`` for this model."""
        return self.ground(image, phrase)

    def ground_batch(
        self, images: Sequence[Image.Image], prompts: Sequence[str]
    ) -> tuple[Grounding, ...]:
        """Ground several photos with one pass of the detector; one grounding per photo."""
        searched = [
            index
            for index, (image, prompt) in enumerate(zip(images, prompts, strict=True))
            if phrase_of(prompt) and max(image.size) <= MAX_ASPECT * min(image.size)
        ]
        boxes = self._detect(
            [images[i] for i in searched], [phrase_of(prompts[i]) for i in searched]
        )
        boxes_of = dict(zip(searched, boxes, strict=True))
        return tuple(
            Grounding(
                prompt=prompt,
                width=image.width,
                height=image.height,
                detections=self._masked(image, prompt, boxes_of.get(index, [])),
                threshold=self._threshold,
                model=self.name,
                fingerprint=self.fingerprint,
            )
            for index, (image, prompt) in enumerate(zip(images, prompts, strict=True))
        )

    @torch.inference_mode()
    def _detect(
        self, images: Sequence[Image.Image], phrases: Sequence[str]
    ) -> list[list[tuple[float, Box]]]:
        if not images:
            return []
        model, processor = self._models()
        pictures = [image.convert("RGB") for image in images]
        inputs = self._family.inputs(processor, pictures, phrases, **self._size).to(self._device)
        reduced = self._dtype != torch.float32
        mixed = torch.autocast(self._device.type, dtype=self._dtype, enabled=reduced)
        with for_pictures(self._device), mixed:
            outputs = model(**inputs)
        for name, value in outputs.items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                outputs[name] = value.float()
        sizes = [(image.height, image.width) for image in images]
        results = self._family.results(processor, outputs, inputs, self._recipe.floor, sizes)
        return [
            _best_boxes(result["scores"].tolist(), result["boxes"].tolist(), image.size)
            for result, image in zip(results, images, strict=True)
        ]

    def _masked(
        self, image: Image.Image, prompt: str, boxes: Sequence[tuple[float, Box]]
    ) -> tuple[Detection, ...]:
        if not boxes:
            return ()
        segments = self._segmenter.from_boxes(image, [box for _, box in boxes])
        return tuple(
            Detection(prompt, score, box, Mask.encode(segment.pixels(*image.size)), segment.score)
            for (score, box), segment in zip(boxes, segments, strict=True)
        )

    def _models(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = load_detector(self._folder(), self._device, self._recipe.name)
            return self._loaded


def load_detector(
    folder: Path, device: torch.device, role: str = "grounding-dino"
) -> tuple[Any, Any]:
    """Load model and processor from a local folder; downloads nothing and runs none of its code.

    Args:
        folder: The checkpoint.
        device: Where the model runs.
        role: Its role, for sentences.

    Raises:
        WeightsUnavailable: The folder is not a complete zero-shot detector.
    """
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    try:
        model, report = AutoModelForZeroShotObjectDetection.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
        processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
    except LOAD_ERRORS as error:
        reason = explain(str(folder), error)
        raise WeightsUnavailable(
            f"{folder} can't be loaded as a zero-shot detector ({reason}); it needs "
            "config.json, model.safetensors, preprocessor_config.json and a tokenizer. Fetch it "
            f"again with `python app.py weights fetch {role}`, or use `--profile compact`."
        ) from error
    if report["missing_keys"]:
        raise WeightsUnavailable(
            f"{folder} lacks {len(report['missing_keys'])} tensors of the detector, so they would "
            f"be random. Fetch it again with `python app.py weights fetch {role}`."
        )
    tokenizer = processor.tokenizer
    check_tokenizer(
        lambda texts: tokenizer(list(texts), padding=True, return_tensors="pt")["input_ids"],
        len(tokenizer), model.config.text_config.vocab_size, "The detector",
    )  # fmt: skip
    return model.to(device).eval(), processor


def _best_boxes(
    scores: Sequence[float], corners: Sequence[Sequence[float]], size: tuple[int, int]
) -> list[tuple[float, Box]]:
    """Clip the boxes to the photo and drop repeats: at most ``MAX_DETECTIONS``, best first."""
    distinct: list[tuple[float, Box]] = []
    for score, (left, top, right, bottom) in sorted(
        zip(scores, corners, strict=True), reverse=True
    ):
        box = Box.clipped(left, top, right, bottom, *size)
        if box is not None and all(box.iou(other) <= SAME for _, other in distinct):
            distinct.append((score, box))
    return distinct[:MAX_DETECTIONS]
