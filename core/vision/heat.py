"""Heat maps: how probable a prompt is for each patch of a photo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from core.base.resampling import area, linear, resample
from core.domain import Box
from core.vision.regions import box_of

#: Cosine from which a distractor is a synonym of the prompt and is left out.
SYNONYM = 0.9

Array = npt.NDArray[np.float32]


def rivals(prompt: Array, vocabulary: Array) -> Array:
    """Return the words of ``vocabulary [n, d]`` that are no synonyms of the prompt: ``[m, d]``."""
    return vocabulary[vocabulary @ prompt < SYNONYM]


def heat(features: Array, prompt: Array, distractors: Array, sharpness: float) -> Array:
    """Return the prompt's smoothed probability per patch: ``[h, w] float32``.

    Args:
        features: ``[h, w, d] float32``, L2-normalised patch features.
        prompt: ``[d] float32``, L2-normalised.
        distractors: ``[n, d] float32``, L2-normalised.
        sharpness: Factor of the cosines before the softmax.
    """
    probability = share(features, prompt[None], distractors, sharpness)
    smooth: Array = ndimage.uniform_filter(probability, size=3, mode="nearest").astype(np.float32)
    return smooth


def share(features: Array, words: Array, distractors: Array, sharpness: float) -> Array:
    """Return the summed probability of ``words [m, d]`` per patch: ``[h, w] float32``."""
    # One product over all patches: a product per row of patches takes thirty times as long.
    patches = features.reshape(-1, features.shape[-1])
    logits = sharpness * (patches @ np.concatenate([words, distractors]).T)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Array = (odds[:, : len(words)].sum(axis=-1) / odds.sum(axis=-1)).astype(np.float32)
    return shares.reshape(features.shape[:-1])


def mean_direction(vectors: Array) -> Array:
    """Return the normalised mean of ``[n, d]``: ``[d] float32``, L2-normalised."""
    middle = vectors.mean(axis=0)
    unit: Array = (middle / np.linalg.norm(middle)).astype(np.float32)
    return unit


def averaged(maps: Sequence[Array]) -> Array:
    """Average several maps of one photo on the finest of their grids: ``[h, w] float32``."""
    rows, columns = max(
        (heat_map.shape for heat_map in maps), key=lambda shape: shape[0] * shape[1]
    )
    grown = [
        heat_map if heat_map.shape == (rows, columns) else resized(heat_map, rows, columns)
        for heat_map in maps
    ]
    mean: Array = np.mean(grown, axis=0, dtype=np.float32)
    return mean


def tiles(size: tuple[int, int], count: int) -> list[Box]:
    """Return ``count × count`` boxes that cover the photo; neighbours overlap by a third."""
    width, height = size
    across, down = width / (count + 0.5) * 1.5, height / (count + 0.5) * 1.5
    if count == 1:
        across, down = width, height
    steps = np.linspace(0, 1, count)
    boxes = (
        Box.clipped(
            x * (width - across),
            y * (height - down),
            x * (width - across) + across,
            y * (height - down) + down,
            width,
            height,
        )
        for y in steps
        for x in steps
    )
    return [box for box in boxes if box is not None]


def stitched(maps: Sequence[Array], boxes: Sequence[Box], size: tuple[int, int]) -> Array:
    """Join maps of a photo's parts into one map; overlapping parts are averaged."""
    cell = max(boxes[0].width / maps[0].shape[1], boxes[0].height / maps[0].shape[0])
    rows, columns = (max(1, round(side / cell)) for side in size[::-1])
    total, times = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    for heat_map, box in zip(maps, boxes, strict=True):
        top, bottom = (round(y / size[1] * rows) for y in (box.top, box.bottom))
        left, right = (round(x / size[0] * columns) for x in (box.left, box.right))
        bottom, right = max(bottom, top + 1), max(right, left + 1)
        total[top:bottom, left:right] += resized(heat_map, bottom - top, right - left)
        times[top:bottom, left:right] += 1
    return (total / np.maximum(times, 1)).astype(np.float32)


def cosine(mask: Array, heat_map: Array) -> float:
    """Return the cosine between a mask and a heat map, both ``[h, w]``; 1 if proportional."""
    lengths = float(np.linalg.norm(mask) * np.linalg.norm(heat_map))
    return float((mask * heat_map).sum()) / lengths if lengths else 0.0


def peaks(heat_map: Array, count: int, distance: int = 2) -> npt.NDArray[np.intp]:
    """Return the highest local maxima, best first: ``[n, 2] (row, column)``, at least one."""
    tops = heat_map == ndimage.maximum_filter(heat_map, size=2 * distance + 1, mode="nearest")
    cells = np.argwhere(tops)
    order = np.argsort(-heat_map[tops], kind="stable")
    return cells[order[:count]]


def cell_centres(
    cells: npt.NDArray[np.intp], grid: tuple[int, int], size: tuple[int, int]
) -> Array:
    """Convert cells ``[n, 2] (row, column)`` to pixels ``[n, 2] (x, y)`` of the photo."""
    rows, columns = grid
    x = (cells[:, 1] + 0.5) / columns * size[0]
    y = (cells[:, 0] + 0.5) / rows * size[1]
    return np.stack([x, y], axis=1).astype(np.float32)


def grid_points(count: int, size: tuple[int, int]) -> Array:
    """Return ``count × count`` points ``(x, y)`` spread evenly over a photo of this size."""
    middle = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(middle * size[0], middle * size[1])
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def blob_box(
    heat_map: Array, cell: npt.NDArray[np.intp], level: float, size: tuple[int, int]
) -> Box:
    """Return the box, in photo pixels, of the connected cells with ``level`` × the cell's heat."""
    labels, _ = ndimage.label(heat_map >= level * heat_map[tuple(cell)])
    across, down = (side / cells for side, cells in zip(size, heat_map.shape[::-1], strict=True))
    cells_box = box_of(labels == labels[tuple(cell)])
    assert cells_box is not None  # noqa: S101  # the cell itself is in it
    left, top, right, bottom = cells_box.as_xyxy()
    box = Box.clipped(left * across, top * down, right * across, bottom * down, *size)
    return box or Box.whole(*size)


def resized(array: npt.NDArray[np.generic], rows: int, columns: int) -> Array:
    """Resize ``[h, w]`` to ``[rows, columns]``: by area mean when shrinking, else bilinear."""
    smaller = rows <= array.shape[0] and columns <= array.shape[1]
    matrix = area if smaller else linear
    return resample(array, matrix(array.shape[0], rows), matrix(array.shape[1], columns))
