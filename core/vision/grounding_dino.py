"""Grounding DINO through ``transformers`` (Liu et al. 2023), as the paper uses it.

The caption is the product type in lower case, followed by " .". The model returns boxes with
scores; the box with the highest score is the product. SAM adds masks, which the paper does not use.
"""

from __future__ import annotations

import hashlib
import inspect
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
from core.errors import WeightsUnavailable
from core.ports.grounder import Heatmap
from core.ports.segmenter import Segmenter
from core.vision.regions import drawn
from core.weights.broken import LOAD_ERRORS, explain

#: Increase it when the same photo, prompt and weights would give another grounding.
VERSION = "grounding-dino-1"
#: Smallest score of a stored box; a catalogue's threshold cannot usefully be lower.
FLOOR = 0.15
#: Smallest score of a token for it to be part of a box's phrase (the model card's default).
TEXT_THRESHOLD = 0.25
#: How many boxes of a photo are stored.
MAX_DETECTIONS = 8
#: Overlap (IoU) above which the lower-scored box is a repeat; the model itself has no NMS.
SAME = 0.8
#: Memory of one photo of 800 × 1,333 pixels in a pass, bytes; at 800 × 1,066
#: 1.1 to 1.3 GB were measured (full-size model, float32, 1 to 4 photos).
PHOTO_BYTES = 1_700_000_000
#: Most photos in one pass.
MAX_BATCH = 8
#: Longest caption, in characters; the text encoder reads 256 tokens.
CAPTION_CHARACTERS = 200
#: Largest ratio of the sides; thinner photos are not searched, as the model's resizing fails.
MAX_ASPECT = 32


def caption(prompt: str) -> str:
    """Format the prompt as in the model's training; empty if it has no letter or digit.

    >>> caption("Women's Handbags")
    "women's handbags ."
    """
    words = " ".join(prompt.lower().replace(".", " ").split())[:CAPTION_CHARACTERS].strip()
    return f"{words} ." if any(character.isalnum() for character in words) else ""


class GroundingDinoGrounder:
    """Ground products with a Grounding DINO checkpoint in the layout of ``transformers``.

    Args:
        folder: Returns the checkpoint's folder; called once, on first use.
        weights: Returns the hash of the checkpoint; called on each access to ``fingerprint``.
        segmenter: Gives masks for boxes.
        threshold: Smallest score of a detection that is used for cropping (τ).
        device: Where the model runs.
        dtype: Number format of the model.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        weights: Callable[[], str],
        segmenter: Segmenter,
        threshold: float,
        device: torch.device | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
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
        return f"Grounding DINO + {self._segmenter.name}"

    @property
    def fingerprint(self) -> str:
        """Hash of the weights and of this module's version; it does not cover the threshold."""
        parts = (VERSION, self._weights(), self._segmenter.fingerprint)
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
        return most_at_once(self._device, PHOTO_BYTES, MAX_BATCH)

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
            if caption(prompt) and max(image.size) <= MAX_ASPECT * min(image.size)
        ]
        boxes = self._detect([images[i] for i in searched], [caption(prompts[i]) for i in searched])
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
        self, images: Sequence[Image.Image], captions: Sequence[str]
    ) -> list[list[tuple[float, Box]]]:
        if not images:
            return []
        model, processor = self._models()
        inputs = processor(
            images=[image.convert("RGB") for image in images],
            text=list(captions),
            padding=True,
            truncation=True,
            return_tensors="pt",
        ).to(self._device)
        reduced = self._dtype != torch.float32
        mixed = torch.autocast(self._device.type, dtype=self._dtype, enabled=reduced)
        with for_pictures(self._device), mixed:
            outputs = model(**inputs)
        outputs.logits, outputs.pred_boxes = outputs.logits.float(), outputs.pred_boxes.float()
        sizes = [(image.height, image.width) for image in images]
        results = post_process(processor, outputs, inputs["input_ids"], sizes)
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
                self._loaded = load_detector(self._folder(), self._device)
            return self._loaded


def load_detector(folder: Path, device: torch.device) -> tuple[Any, Any]:
    """Load model and processor from a local folder; downloads nothing and runs none of its code.

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
            "again with `python app.py weights fetch grounding-dino`, or use `--profile compact`."
        ) from error
    if report["missing_keys"]:
        raise WeightsUnavailable(
            f"{folder} lacks {len(report['missing_keys'])} tensors of the detector, so they would "
            "be random. Fetch it again with `python app.py weights fetch grounding-dino`."
        )
    tokenizer = processor.tokenizer
    check_tokenizer(
        lambda texts: tokenizer(list(texts), padding=True, return_tensors="pt")["input_ids"],
        len(tokenizer), model.config.text_config.vocab_size, "The detector",
    )  # fmt: skip
    return model.to(device).eval(), processor


def post_process(
    processor: Any, outputs: Any, input_ids: Any, sizes: Sequence[tuple[int, int]]
) -> list[dict[str, Any]]:
    """Return boxes and scores per photo.

    The parameter ``threshold`` was named ``box_threshold`` before transformers 4.51.
    """
    method = processor.post_process_grounded_object_detection
    name = "threshold" if "threshold" in inspect.signature(method).parameters else "box_threshold"
    floor = {name: FLOOR, "text_threshold": TEXT_THRESHOLD}
    results: list[dict[str, Any]] = method(outputs, input_ids, **floor, target_sizes=list(sizes))
    return results


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
