"""Open-vocabulary grounding from CLIP alone: dense features → heat → SAM → box.

The prompt competes with a vocabulary of distractors for every patch of the photo. What comes out
is a heat map; its peaks prompt SAM; the mask that agrees best with the heat is the product. A
product alone on a plain ground needs none of that: it is whatever is not ground.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from core.domain import Detection, Grounding, Mask
from core.vision import heat as heating
from core.vision.background import plain_foreground
from core.vision.grounder import SALIENT, Heatmap
from core.vision.regions import Pixels, box_of, mask_iou
from core.vision.segmenter import Segment, Segmenter

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder

#: Raised when the same photo, prompt and weights would give another grounding.
VERSION = "compact-1"
#: Longer side of the photo for the image tower, in pixels.
LONG_SIDE = 448
#: How many peaks of the heat map prompt SAM.
PEAKS = 3
#: Two masks that overlap more than this are one detection.
SAME = 0.7
#: Longest prompt that is read; the rest can't be about the product type any more.
PROMPT_CHARACTERS = 200
#: Score of a product on a plain ground that the prompt neither confirms nor denies.
PLAIN_SCORE = 0.6


@dataclass(frozen=True, slots=True)
class _Candidate:
    pixels: Pixels
    score: float
    phrase: str
    mask_score: float | None


class CompactGrounder:
    """Grounder over the compact weights.

    Args:
        encoder: Patch features and word vectors of one space.
        segmenter: Masks from points.
        vocabulary: What else a photo may show.
        threshold: Smallest score that is cropped to (τ).
    """

    def __init__(
        self,
        encoder: CompactEncoder,
        segmenter: Segmenter,
        vocabulary: Sequence[str],
        threshold: float,
    ) -> None:
        self._encoder = encoder
        self._segmenter = segmenter
        self._vocabulary = tuple(vocabulary)
        self._threshold = threshold
        self._lock = threading.Lock()
        self._words: npt.NDArray[np.float32] | None = None

    @property
    def name(self) -> str:
        """Name of the models, for people."""
        return f"CLIP ViT-B/16 patches + {self._segmenter.name}"

    @property
    def fingerprint(self) -> str:
        """Hash of the weights, the vocabulary and the rules here; not of the threshold."""
        parts = (VERSION, self._encoder.fingerprint, self._segmenter.fingerprint, *self._vocabulary)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def heatmap(self, image: Image.Image, prompt: str) -> Heatmap | None:
        """Probability of the prompt per patch, ``[h, w] float32``; ``None`` without a prompt."""
        words = prompt.strip()[:PROMPT_CHARACTERS]
        if not words:
            return None
        vector = self._encoder.encode_texts([words])[0]
        features = self._encoder.dense(image, LONG_SIDE).features
        return heating.heat(features, vector, heating.rivals(vector, self._distractors()))

    def ground(self, image: Image.Image, prompt: str) -> Grounding:
        """All detections, best first."""
        heat_map = self.heatmap(image, prompt)
        found: list[_Candidate] = []
        plain = plain_foreground(image)
        if plain is not None:
            found.append(_plain_candidate(plain, heat_map, prompt))
        if heat_map is not None and not (found and found[0].phrase == prompt):
            found.extend(self._prompted(image, heat_map, prompt))
        return Grounding(
            prompt=prompt,
            width=image.width,
            height=image.height,
            detections=_detections(found),
            threshold=self._threshold,
            model=self.name,
            fingerprint=self.fingerprint,
        )

    def _distractors(self) -> npt.NDArray[np.float32]:
        with self._lock:
            if self._words is None:
                self._words = self._encoder.encode_texts(self._vocabulary)
            return self._words

    def _prompted(self, image: Image.Image, heat_map: Heatmap, prompt: str) -> list[_Candidate]:
        """For each peak, the mask that agrees best with the heat."""
        rows, columns = heat_map.shape
        cells = heating.peaks(heat_map, PEAKS)
        points = heating.cell_centres(cells, (rows, columns), image.size)
        found = []
        for segments in self._segmenter.from_points(image, points):
            scored = [(_agreement(segment, heat_map), segment) for segment in segments]
            score, best = max(scored, key=lambda pair: pair[0] * pair[1].score)
            pixels = best.pixels(*image.size)
            found.append(_Candidate(pixels, score, prompt, best.score))
        return found


def _plain_candidate(plain: Pixels, heat_map: Heatmap | None, prompt: str) -> _Candidate:
    if heat_map is None:
        return _Candidate(plain, PLAIN_SCORE, SALIENT, None)
    rows, columns = heat_map.shape
    agreement = soft_iou(heating.resized(plain, rows, columns), heat_map)
    if agreement > 0.5:
        return _Candidate(plain, max(PLAIN_SCORE, agreement), prompt, None)
    return _Candidate(plain, PLAIN_SCORE, SALIENT, None)


def _agreement(segment: Segment, heat_map: Heatmap) -> float:
    rows, columns = heat_map.shape
    inside = 1 / (1 + np.exp(-np.clip(segment.logits, -30, 30)))
    return soft_iou(heating.resized(inside > 0.5, rows, columns), heat_map)


def soft_iou(mask: Heatmap, heat_map: Heatmap) -> float:
    """IoU of a soft mask and a heat map stretched to its own maximum, both ``[h, w]``, 0 to 1."""
    stretched = heat_map / max(float(heat_map.max()), 1e-6)
    union = float(np.maximum(mask, stretched).sum())
    return float(np.minimum(mask, stretched).sum()) / union if union else 0.0


def _detections(candidates: Sequence[_Candidate]) -> tuple[Detection, ...]:
    """Best first, without repeats and without empty masks."""
    kept: list[_Candidate] = []
    found = []
    for candidate in sorted(candidates, key=lambda one: -one.score):
        box = box_of(candidate.pixels)
        if box is None or any(mask_iou(candidate.pixels, one.pixels) > SAME for one in kept):
            continue
        kept.append(candidate)
        mask = Mask.encode(candidate.pixels)
        found.append(Detection(candidate.phrase, candidate.score, box, mask, candidate.mask_score))
    return tuple(found)
