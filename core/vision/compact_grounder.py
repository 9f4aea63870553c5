"""Open-vocabulary grounding from CLIP alone: dense features → heat → SAM → box.

For every patch of the photo, the prompt is scored against a vocabulary of distractors. The result
is a heat map. Its peaks are point prompts for SAM, and the mask that agrees best with the heat is
the product. Two kinds of photo take a shorter way: on a plain background the product is all that
is not background, and the photo of a painting is the product as a whole.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from core.base.background import plain_foreground
from core.base.recent import Recent, pixel_hash
from core.domain import Box, Detection, Grounding, Mask
from core.ports.grounder import PICTURE, SALIENT, Heatmap
from core.ports.segmenter import Segment, Segmenter
from core.vision import heat as heating
from core.vision.details import is_detail
from core.vision.flat_pictures import PICTURE_LOOKS, ROOM_LOOKS, looks_like_picture, names_picture
from core.vision.regions import Pixels, box_of, drawn, mask_iou

if TYPE_CHECKING:
    from core.embedding.compact import CompactEncoder
    from core.embedding.dense_features import Similarity

#: Increase it when the same photo, prompt and weights would give another grounding.
VERSION = "compact-6"
#: Longer side of the photo for the image tower, in pixels, when looking for a person, and when
#: guessing what a photo shows.
GLANCE_SIDE = 224
#: Share of a name's highest heat that bounds its rough box.
GLANCE_LEVEL = 0.5
#: How many photos' patch features are cached for further prompts (up to 3.6 MB each).
KEEP = 32
#: Shortest side of a photo that is split into tiles, in pixels.
MIN_TILED = 64
#: How many photos' grid masks are cached for further prompts (up to 28 MB each).
KEEP_GRIDS = 2
#: How many groundings are cached, for photos that several items share.
KEEP_GROUNDINGS = 64
#: How many of the best masks become candidates.
MOST = 12
#: Overlap (IoU) above which two masks are one detection.
SAME = 0.7
#: Longest part of a prompt that is used, in characters; a product type is never longer.
PROMPT_CHARACTERS = 200
#: Score of a product alone on a plain background, and of a product together with its wearer.
ALONE_SCORE, WORN_SCORE = 0.9, 0.4
#: Words for the visible parts of a person who wears or holds the product.
PERSON = ("person", "face", "hair", "hand", "arm", "leg", "bare skin")
#: Share of the foreground that must look like a person.
PERSON_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of the method, chosen by measurement with ``benchmarks/grounding.py``.

    The ``repr`` is part of the fingerprint: renaming the class or a field makes stored groundings
    stale.

    Attributes:
        similarity: Which features of the image tower's last block are compared between patches.
        sides: Longer sides of the photo for the image tower, in pixels; their heat is averaged.
        tiles: How many overlapping tiles per direction are encoded too, each at ``sides[0]``; 0 for
            none. A photo no larger than ``sides[0]`` is not tiled, as tiles would add no detail.
        sure: Highest heat of the whole photo from which on tiles are not needed.
        templates: Sentences whose mean vector is the prompt's; the prompt replaces ``{}``.
        sharpness: Factor of the cosines before the softmax over the vocabulary. It is half of
            CLIP's own, which was trained on whole pictures and gives patches too extreme
            probabilities.
        peaks: How many peaks of the heat map are point prompts for SAM.
        grid: How many evenly spread points per direction are point prompts too; 0 for none.
        blob_levels: Shares of the highest heat; the region above each is a box prompt.
        blob_trust: Weight of the fit of a mask from a box prompt; from a point prompt it is 1.
        focus: Power of the heat that a mask is compared with where the prompt is a garment or a
            part; above 1 favours the hottest region.
        whole_focus: The same power where the prompt is a complete object; below 1 favours all of
            the warm region.
    """

    similarity: Similarity = "key"
    sides: tuple[int, ...] = (448,)
    tiles: int = 2
    sure: float = 0.7
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
    """Vocabularies of the grounder. The ``repr`` is part of the fingerprint, as with ``Rules``.

    Attributes:
        scene: Distractors: words for other things that a photo may show.
        pictures: Endings of product types whose photo is the product (posters, paintings).
        details: Words for garments and parts.
        wholes: Words for complete objects.
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
    """Vectors of the vocabularies and of ``PERSON``, each ``[n, d] float32``."""

    scene: heating.Array
    person: heating.Array
    details: heating.Array
    wholes: heating.Array


class CompactGrounder:
    """Ground products with the compact weights.

    Args:
        encoder: Gives patch features and word vectors in one space.
        segmenter: Gives masks for points and boxes.
        words: The vocabularies.
        threshold: Smallest score of a detection that is used for cropping (τ).
        rules: Parameters of the method; the measured defaults if omitted.
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
        self._vocabulary_vectors: _Vectors | None = None
        self._features: Recent[heating.Array] = Recent(KEEP)
        self._grounded: Recent[Grounding] = Recent(KEEP_GROUNDINGS)
        self._grids: Recent[tuple[tuple[Segment, ...], ...]] = Recent(KEEP_GRIDS)

    @property
    def name(self) -> str:
        """Name of the models, for people."""
        return f"CLIP ViT-B/16 patches + {self._segmenter.name}"

    @property
    def fingerprint(self) -> str:
        """Hash of the weights, vocabularies and rules; it does not cover the threshold."""
        models = self._encoder.fingerprint, self._segmenter.fingerprint
        parts = (VERSION, repr(self._rules), *models, repr(self._words))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def threshold(self) -> float:
        """Smallest score that is trusted (τ)."""
        return self._threshold

    def ground(self, image: Image.Image, prompt: str) -> Grounding:
        """Find the product of the photo: all detections, best first."""
        key = pixel_hash(image), prompt
        return self._grounded.get(key) or self._grounded.put(key, self._ground(image, prompt))

    def _ground(self, image: Image.Image, prompt: str) -> Grounding:
        plain = plain_foreground(image)
        if self._is_picture(image, prompt):
            shown = np.ones(image.size[::-1], bool) if plain is None else plain
            return self._grounding(image, prompt, [_Candidate(shown, ALONE_SCORE, PICTURE, None)])
        if plain is not None and not self._worn(image, plain):
            return self._grounding(image, prompt, [_Candidate(plain, ALONE_SCORE, SALIENT, None)])
        candidates = self._prompted(image, prompt, plain)
        if plain is not None:
            candidates.append(_Candidate(plain, WORN_SCORE, SALIENT, None))
        return self._grounding(image, prompt, candidates)

    def find(self, image: Image.Image, phrase: str) -> Grounding:
        """Find anything in the photo by its name: the product, a part of it or another object."""
        return self._grounding(image, phrase, self._prompted(image, phrase, None))

    def glance(self, image: Image.Image, phrases: Sequence[str]) -> tuple[Detection, ...]:
        """Return a rough box per phrase, around its highest heat, which is the score."""
        features, scene = self._dense(image, GLANCE_SIDE), self._vectors().scene
        names = [phrase.strip()[:PROMPT_CHARACTERS] for phrase in phrases]
        vectors = self._encoder.encode_texts(names) if names else ()
        guesses = []
        for phrase, vector in zip(phrases, vectors, strict=True):
            rivals = heating.rivals(vector, scene)
            heat_map = heating.heat(features, vector, rivals, self._rules.sharpness)
            (cell,) = heating.peaks(heat_map, 1)
            box = heating.blob_box(heat_map, cell, GLANCE_LEVEL, image.size)
            guesses.append(Detection(phrase, float(heat_map.max()), box))
        return tuple(guesses)

    def outline(self, image: Image.Image, box: Box) -> Detection:
        """Return a detection for a box that a person drew, with the mask of its content."""
        return drawn(self._segmenter, image, box)

    @property
    def has_heat_maps(self) -> bool:
        """True: the prompt's probability per patch is one."""
        return True

    def heatmap(self, image: Image.Image, prompt: str) -> Heatmap | None:
        """Return the prompt's probability per patch, ``[h, w] float32``; ``None`` if empty."""
        words = prompt.strip()[:PROMPT_CHARACTERS]
        if not words:
            return None
        rules = self._rules
        sentences = [template.replace("{}", words) for template in rules.templates]
        vector = heating.mean_direction(self._encoder.encode_texts(sentences))
        rivals = heating.rivals(vector, self._vectors().scene)

        def hot(part: Image.Image, side: int) -> heating.Array:
            return heating.heat(self._dense(part, side), vector, rivals, rules.sharpness)

        maps = [hot(image, side) for side in rules.sides]
        in_doubt = maps[0].max() < rules.sure
        large = min(image.size) >= MIN_TILED and max(image.size) > rules.sides[0]
        if rules.tiles and large and in_doubt:
            boxes = heating.tiles(image.size, rules.tiles)
            maps_of_tiles = [hot(image.crop(box.as_xyxy()), rules.sides[0]) for box in boxes]
            maps.append(heating.stitched(maps_of_tiles, boxes, image.size))
        return heating.averaged(maps)

    def _is_picture(self, image: Image.Image, prompt: str) -> bool:
        """Tell whether the product is a flat picture that fills the photo (no room around it)."""
        if not names_picture(prompt[:PROMPT_CHARACTERS], self._words.pictures):
            return False
        words = self._encoder.encode_texts
        (photo,) = self._encoder.encode_images([image])
        return looks_like_picture(photo, words(PICTURE_LOOKS), words(ROOM_LOOKS))

    def _worn(self, image: Image.Image, foreground: Pixels) -> bool:
        """Tell whether a person is in the foreground, which then holds more than the product."""
        features = self._dense(image, GLANCE_SIDE)
        vectors = self._vectors()
        person_share = heating.share(features, vectors.person, vectors.scene, self._rules.sharpness)
        covered = heating.resized(foreground, *person_share.shape)
        return float((person_share * covered).sum()) > PERSON_SHARE * float(covered.sum())

    def _prompted(self, image: Image.Image, prompt: str, within: Pixels | None) -> list[_Candidate]:
        """Return the best mask of each point and box prompt, best first, at most ``MOST``."""
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
        scored = [_best_of(segments, heat_map, goal) for segments in pointed]
        scored += [_best_of([segment], heat_map, goal, rules.blob_trust) for segment in boxed]
        best = sorted(scored, key=lambda pair: -pair[0])[:MOST]
        return [_Candidate(mask.pixels(*size), score, prompt, mask.score) for score, mask in best]

    def _spread(self, image: Image.Image) -> tuple[tuple[Segment, ...], ...]:
        """Return the masks of an even grid of points; they do not depend on the prompt."""
        if not self._rules.grid:
            return ()
        key = pixel_hash(image)
        masks = self._grids.get(key)
        if masks is None:
            points = heating.grid_points(self._rules.grid, image.size)
            masks = self._grids.put(key, self._segmenter.from_points(image, points))
        return masks

    def _dense(self, image: Image.Image, long_side: int) -> heating.Array:
        key = pixel_hash(image), long_side
        features = self._features.get(key)
        if features is None:
            new = self._encoder.dense(image, long_side, self._rules.similarity).features
            features = self._features.put(key, new)
        return features

    def _focus(self, prompt: str) -> float:
        """Return the power of the heat: ``focus`` for a garment or part, else ``whole_focus``."""
        vectors = self._vectors()
        (vector,) = self._encoder.encode_texts([prompt.strip()[:PROMPT_CHARACTERS]])
        detail = is_detail(vector, vectors.details, vectors.wholes)
        return self._rules.focus if detail else self._rules.whole_focus

    def _vectors(self) -> _Vectors:
        with self._lock:
            if self._vocabulary_vectors is None:
                words = self._words
                lists = (words.scene, PERSON, words.details, words.wholes)
                vectors = self._encoder.encode_texts([word for words in lists for word in words])
                self._vocabulary_vectors = _Vectors(
                    *np.split(vectors, np.cumsum([len(entries) for entries in lists])[:-1])
                )
            return self._vocabulary_vectors

    def _grounding(
        self, image: Image.Image, prompt: str, candidates: Sequence[_Candidate]
    ) -> Grounding:
        return Grounding(
            prompt=prompt,
            width=image.width,
            height=image.height,
            detections=_detections(candidates),
            threshold=self._threshold,
            model=self.name,
            fingerprint=self.fingerprint,
        )


def _best_of(
    segments: Sequence[Segment], heat_map: Heatmap, goal: heating.Array, trust: float = 1.0
) -> tuple[float, Segment]:
    """Choose, among the masks of one prompt, the highest product of fit and mask score.

    Args:
        segments: The masks.
        heat_map: The heat of the prompt, ``[h, w]``.
        goal: The heat raised to the focus; the fit is a mask's cosine with it.
        trust: Weight of this kind of prompt.

    Returns:
        Score, 0 to 1 (``trust`` × fit × mask score × root of the highest heat), and mask.
    """
    fits = [
        heating.cosine(heating.resized(segment.logits > 0, *heat_map.shape), goal) * segment.score
        for segment in segments
    ]
    best = int(np.argmax(fits))
    return trust * fits[best] * float(np.sqrt(heat_map.max())), segments[best]


def _detections(candidates: Sequence[_Candidate]) -> tuple[Detection, ...]:
    """Turn candidates into detections, best first, without repeats and without empty masks."""
    distinct: list[_Candidate] = []
    detections = []
    for candidate in sorted(candidates, key=lambda other: -other.score):
        box = box_of(candidate.pixels)
        if box is None or any(
            mask_iou(candidate.pixels, other.pixels) > SAME for other in distinct
        ):
            continue
        distinct.append(candidate)
        mask = Mask.encode(candidate.pixels)
        detections.append(
            Detection(candidate.phrase, candidate.score, box, mask, candidate.mask_score)
        )
    return tuple(detections)
