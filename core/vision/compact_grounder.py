"""Open-vocabulary grounding from CLIP alone: dense features → heat → SAM → box.

The prompt competes with a vocabulary of distractors for every patch of the photo. What comes out
is a heat map; its peaks prompt SAM; the mask that agrees best with the heat is the product. A
product alone on a plain ground needs none of that: it is whatever is not ground. Nor does a
painting: its photo is the product.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.base.recent import Recent, pixel_hash
from core.domain import Box, Detection, Grounding, Mask
from core.ports.grounder import PICTURE, SALIENT, Heatmap
from core.ports.segmenter import Segment, Segmenter
from core.vision import heat as heating
from core.vision.background import plain_foreground
from core.vision.details import is_detail
from core.vision.flat_pictures import PICTURE_LOOKS, ROOM_LOOKS, looks_like_picture, names_picture
from core.vision.regions import Pixels, box_of, drawn, mask_iou

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder
    from core.embedding.dense import Similarity

#: Raised when the same photo, prompt and weights would give another grounding.
VERSION = "compact-6"
#: Longer side of the photo for the image tower, in pixels, to see whether a person is there.
GLANCE_SIDE = 224
#: How many patch features are kept for further prompts (up to 3.6 MB each).
KEEP = 32
#: Photos with a shorter side than this, in pixels, are not looked at in tiles.
MIN_TILED = 64
#: How many photos' masks from the grid are kept for further prompts (up to 28 MB each).
KEEP_GRIDS = 2
#: At most so many of the best masks are looked at closely.
MOST = 12
#: Two masks that overlap more than this are one detection.
SAME = 0.7
#: Longest prompt that is read; the rest can't be about the product type any more.
PROMPT_CHARACTERS = 200
#: Score of a product alone on a plain ground, and of a product together with who wears it.
ALONE_SCORE, WORN_SCORE = 0.9, 0.4
#: What gives a person away who wears or holds the product.
PERSON = ("person", "face", "hair", "hand", "arm", "leg", "bare skin")
#: Share of the foreground that must look like a person.
PERSON_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class Rules:
    """What was chosen by measurement (``benchmarks/grounding.py`` compares the alternatives).

    Attributes:
        similarity: What patches are alike by, in the image tower's last block.
        sides: Longer sides of the photo for the image tower, in pixels; their heat is averaged.
        tiles: So many overlapping tiles across and down are looked at as well, each at the first
            of the sides; 0 for none. A photo that is no larger than that has nothing more to show.
        templates: The prompt's vector is the mean of what these say, the prompt in place of {}.
        sharpness: Cosines are multiplied by this before the softmax over the vocabulary; half of
            CLIP's own, which is meant for whole pictures and makes patches too sure.
        peaks: How many peaks of the heat map are point prompts for SAM.
        grid: So many points across and down, evenly spread, are point prompts as well; 0 for none.
        blob_levels: Shares of the highest heat at which the blob around it is a box prompt.
        blob_trust: What the fit of a mask from such a box counts beside one from a point.
        focus: A mask is to explain the heat to this power where the prompt is a garment or a part:
            above 1, its hottest part.
        whole_focus: The same where the prompt is a thing of its own: below 1, all that is warm.
    """

    similarity: Similarity = "key"
    sides: tuple[int, ...] = (448,)
    tiles: int = 2
    templates: tuple[str, ...] = ("{}",)
    sharpness: float = 50.0
    peaks: int = 4
    grid: int = 0
    blob_levels: tuple[float, ...] = (0.3, 0.5)
    blob_trust: float = 0.9
    focus: float = 1.25
    whole_focus: float = 0.5


@dataclass(frozen=True, slots=True)
class Words:
    """What the grounder knows by name.

    Attributes:
        scene: What else a photo may show; the prompt competes with it for every patch.
        pictures: What product types end with whose photo is the product.
        details: What is found on something larger: garments, parts.
        wholes: Things of their own.
    """

    scene: tuple[str, ...]
    pictures: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    wholes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    pixels: Pixels
    score: float
    phrase: str
    mask_score: float | None


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Of the words that are known, and of what a person looks like; each ``[n, d] float32``."""

    scene: heating.Array
    person: heating.Array
    details: heating.Array
    wholes: heating.Array


class CompactGrounder:
    """Grounder over the compact weights.

    Args:
        encoder: Patch features and word vectors of one space.
        segmenter: Masks from points.
        words: What it knows by name.
        threshold: Smallest score that is cropped to (τ).
        rules: Which variant of the method.
    """

    def __init__(
        self,
        encoder: CompactEncoder,
        segmenter: Segmenter,
        words: Words,
        threshold: float,
        rules: Rules | None = None,
    ) -> None:
        self._encoder = encoder
        self._segmenter = segmenter
        self._words = words
        self._threshold = threshold
        self._rules = rules or Rules()
        self._lock = threading.Lock()
        self._known: _Vectors | None = None
        self._seen: Recent[heating.Array] = Recent(KEEP)
        self._grids: Recent[tuple[tuple[Segment, ...], ...]] = Recent(KEEP_GRIDS)

    @property
    def name(self) -> str:
        """Name of the models, for people."""
        return f"CLIP ViT-B/16 patches + {self._segmenter.name}"

    @property
    def fingerprint(self) -> str:
        """Hash of the weights, the words and the rules here; not of the threshold."""
        models = self._encoder.fingerprint, self._segmenter.fingerprint
        parts = (VERSION, repr(self._rules), *models, repr(self._words))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def threshold(self) -> float:
        """Smallest score that is trusted (τ)."""
        return self._threshold

    def ground(self, image: Image.Image, prompt: str) -> Grounding:
        """The product that the photo is of: all detections, best first."""
        plain = plain_foreground(image)
        if self._is_picture(image, prompt):
            shown = np.ones(image.size[::-1], bool) if plain is None else plain
            return self._grounding(image, prompt, [_Candidate(shown, ALONE_SCORE, PICTURE, None)])
        if plain is not None and not self._worn(image, plain):
            return self._grounding(image, prompt, [_Candidate(plain, ALONE_SCORE, SALIENT, None)])
        found = self._prompted(image, prompt, plain)
        if plain is not None:
            found.append(_Candidate(plain, WORN_SCORE, SALIENT, None))
        return self._grounding(image, prompt, found)

    def find(self, image: Image.Image, phrase: str) -> Grounding:
        """Anything in the photo by its name, be it the product, a part of it or something else."""
        return self._grounding(image, phrase, self._prompted(image, phrase, None))

    def outline(self, image: Image.Image, box: Box) -> Detection:
        """A box that a person drew, with the mask of what is in it."""
        return drawn(self._segmenter, image, box)

    def heatmap(self, image: Image.Image, prompt: str) -> Heatmap | None:
        """Probability of the prompt per patch, ``[h, w] float32``; ``None`` without a prompt."""
        words = prompt.strip()[:PROMPT_CHARACTERS]
        if not words:
            return None
        rules = self._rules
        told = [template.replace("{}", words) for template in rules.templates]
        vector = heating.mean_direction(self._encoder.encode_texts(told))
        rivals = heating.rivals(vector, self._vectors().scene)

        def hot(part: Image.Image, side: int) -> heating.Array:
            return heating.heat(self._dense(part, side), vector, rivals, rules.sharpness)

        maps = [hot(image, side) for side in rules.sides]
        if rules.tiles and min(image.size) >= MIN_TILED and max(image.size) > rules.sides[0]:
            boxes = heating.tiles(image.size, rules.tiles)
            looks = [hot(image.crop(box.as_xyxy()), rules.sides[0]) for box in boxes]
            maps.append(heating.stitched(looks, boxes, image.size))
        return heating.averaged(maps)

    def _is_picture(self, image: Image.Image, prompt: str) -> bool:
        """The product is a flat picture, and the photo shows it, not a room where it hangs."""
        if not names_picture(prompt[:PROMPT_CHARACTERS], self._words.pictures):
            return False
        words = self._encoder.encode_texts
        (photo,) = self._encoder.encode_images([image])
        return looks_like_picture(photo, words(PICTURE_LOOKS), words(ROOM_LOOKS))

    def _worn(self, image: Image.Image, foreground: Pixels) -> bool:
        """A person is in the foreground, so it is more than the product."""
        features = self._dense(image, GLANCE_SIDE)
        known = self._vectors()
        looks = heating.share(features, known.person, known.scene, self._rules.sharpness)
        covered = heating.resized(foreground, *looks.shape)
        return float((looks * covered).sum()) > PERSON_SHARE * float(covered.sum())

    def _prompted(self, image: Image.Image, prompt: str, within: Pixels | None) -> list[_Candidate]:
        """For each peak of the heat, the mask that agrees best with it."""
        heat_map = self.heatmap(image, prompt)
        if heat_map is None:
            return []
        if within is not None:
            heat_map = heat_map * heating.resized(within, *heat_map.shape)
        size, rules = image.size, self._rules
        goal = heat_map ** self._focus(prompt)
        cells = heating.peaks(heat_map, max(rules.peaks, 1))
        points = heating.cell_centres(cells[: rules.peaks], heat_map.shape, size)
        boxes = [heating.blob_box(heat_map, cells[0], part, size) for part in rules.blob_levels]
        pointed = self._segmenter.from_points(image, points) + self._spread(image)
        boxed = self._segmenter.from_boxes(image, boxes)
        found = [_best_of(segments, heat_map, goal) for segments in pointed]
        found += [_best_of([segment], heat_map, goal, rules.blob_trust) for segment in boxed]
        best = sorted(found, key=lambda one: -one[0])[:MOST]
        return [_Candidate(one.pixels(*size), score, prompt, one.score) for score, one in best]

    def _spread(self, image: Image.Image) -> tuple[tuple[Segment, ...], ...]:
        """Masks of an even grid of points, whatever the prompt is."""
        if not self._rules.grid:
            return ()
        key = pixel_hash(image)
        known = self._grids.get(key)
        if known is None:
            points = heating.grid_points(self._rules.grid, image.size)
            known = self._grids.put(key, self._segmenter.from_points(image, points))
        return known

    def _dense(self, image: Image.Image, long_side: int) -> heating.Array:
        key = pixel_hash(image), long_side
        seen = self._seen.get(key)
        if seen is None:
            features = self._encoder.dense(image, long_side, self._rules.similarity).features
            seen = self._seen.put(key, features)
        return seen

    def _focus(self, prompt: str) -> float:
        """What the heat is raised to: does the prompt mean its hottest part or all of it?"""
        known = self._vectors()
        (vector,) = self._encoder.encode_texts([prompt.strip()[:PROMPT_CHARACTERS]])
        detail = is_detail(vector, known.details, known.wholes)
        return self._rules.focus if detail else self._rules.whole_focus

    def _vectors(self) -> _Vectors:
        with self._lock:
            if self._known is None:
                words = self._words
                lists = (words.scene, PERSON, words.details, words.wholes)
                vectors = self._encoder.encode_texts([word for words in lists for word in words])
                self._known = _Vectors(
                    *np.split(vectors, np.cumsum([len(one) for one in lists])[:-1])
                )
            return self._known

    def _grounding(self, image: Image.Image, prompt: str, found: Sequence[_Candidate]) -> Grounding:
        return Grounding(
            prompt=prompt,
            width=image.width,
            height=image.height,
            detections=_detections(found),
            threshold=self._threshold,
            model=self.name,
            fingerprint=self.fingerprint,
        )


def _best_of(
    segments: Sequence[Segment], heat_map: Heatmap, goal: heating.Array, trust: float = 1.0
) -> tuple[float, Segment]:
    """Of the masks of one prompt, the one that explains the goal best and is surest itself.

    Its score says how well it explains the goal and how hot the heat is: 0 to 1.
    """
    fits = [
        heating.cosine(heating.resized(segment.logits > 0, *heat_map.shape), goal) * segment.score
        for segment in segments
    ]
    best = int(np.argmax(fits))
    return trust * fits[best] * float(np.sqrt(heat_map.max())), segments[best]


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
