"""Heat maps: which patches of a photo fit the prompt better than anything else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from core.domain import Box
from core.vision.regions import box_of

#: A distractor this close to the prompt (cosine) means the same and does not compete.
SYNONYM = 0.9

Array = npt.NDArray[np.float32]


def rivals(prompt: Array, vocabulary: Array) -> Array:
    """The words of ``vocabulary [n, d]`` that mean something else: ``[m, d]``, ``m <= n``."""
    return vocabulary[vocabulary @ prompt < SYNONYM]


def heat(features: Array, prompt: Array, distractors: Array, sharpness: float) -> Array:
    """Probability of the prompt among the distractors per patch, smoothed: ``[h, w] float32``.

    Args:
        features: ``[h, w, d] float32``, L2-normalised patch features.
        prompt: ``[d] float32``, L2-normalised.
        distractors: ``[n, d] float32``, L2-normalised.
        sharpness: Cosines are multiplied by this before the softmax.
    """
    found = share(features, prompt[None], distractors, sharpness)
    smooth: Array = ndimage.uniform_filter(found, size=3, mode="nearest").astype(np.float32)
    return smooth


def share(features: Array, words: Array, distractors: Array, sharpness: float) -> Array:
    """Probability of all ``words [m, d]`` together among the distractors: ``[h, w] float32``."""
    logits = sharpness * (features @ np.concatenate([words, distractors]).T)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Array = (odds[..., : len(words)].sum(axis=-1) / odds.sum(axis=-1)).astype(np.float32)
    return shares


def mean_direction(vectors: Array) -> Array:
    """The direction in the middle of ``[n, d]``: ``[d] float32, L2-normalised``."""
    middle = vectors.mean(axis=0)
    unit: Array = (middle / np.linalg.norm(middle)).astype(np.float32)
    return unit


def averaged(maps: Sequence[Array]) -> Array:
    """The mean of several maps of one photo, on the finest of their grids: ``[h, w] float32``."""
    rows, columns = max((one.shape for one in maps), key=lambda shape: shape[0] * shape[1])
    grown = [one if one.shape == (rows, columns) else resized(one, rows, columns) for one in maps]
    mean: Array = np.mean(grown, axis=0, dtype=np.float32)
    return mean


def tiles(size: tuple[int, int], count: int) -> list[Box]:
    """``count × count`` boxes that cover a photo of that size and overlap by half a step."""
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
    """One map of the photo out of maps of its parts; where they overlap, their mean."""
    cell = max(boxes[0].width / maps[0].shape[1], boxes[0].height / maps[0].shape[0])
    rows, columns = (max(1, round(side / cell)) for side in size[::-1])
    total, times = np.zeros((rows, columns), np.float32), np.zeros((rows, columns), np.float32)
    for found, box in zip(maps, boxes, strict=True):
        top, bottom = (round(y / size[1] * rows) for y in (box.top, box.bottom))
        left, right = (round(x / size[0] * columns) for x in (box.left, box.right))
        bottom, right = max(bottom, top + 1), max(right, left + 1)
        total[top:bottom, left:right] += resized(found, bottom - top, right - left)
        times[top:bottom, left:right] += 1
    return (total / np.maximum(times, 1)).astype(np.float32)


def cosine(mask: Array, heat_map: Array) -> float:
    """Cosine between a mask and a heat map, both ``[h, w]``: 1 where one explains the other."""
    lengths = float(np.linalg.norm(mask) * np.linalg.norm(heat_map))
    return float((mask * heat_map).sum()) / lengths if lengths else 0.0


def peaks(heat_map: Array, count: int, distance: int = 2) -> npt.NDArray[np.intp]:
    """The highest local maxima, best first: ``[n, 2]`` cells ``(row, column)``, at least one."""
    tops = heat_map == ndimage.maximum_filter(heat_map, size=2 * distance + 1, mode="nearest")
    cells = np.argwhere(tops)
    order = np.argsort(-heat_map[tops], kind="stable")
    return cells[order[:count]]


def cell_centres(
    cells: npt.NDArray[np.intp], grid: tuple[int, int], size: tuple[int, int]
) -> Array:
    """Cells ``[n, 2] (row, column)`` to pixels ``[n, 2] (x, y)`` of a photo of that size."""
    rows, columns = grid
    x = (cells[:, 1] + 0.5) / columns * size[0]
    y = (cells[:, 0] + 0.5) / rows * size[1]
    return np.stack([x, y], axis=1).astype(np.float32)


def grid_points(count: int, size: tuple[int, int]) -> Array:
    """``count × count`` points ``(x, y)`` spread evenly over a photo of that size."""
    middle = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(middle * size[0], middle * size[1])
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def blob_box(
    heat_map: Array, cell: npt.NDArray[np.intp], level: float, size: tuple[int, int]
) -> Box:
    """Box, in a photo of ``size``, of the cells around ``cell`` with ``level`` of its heat."""
    labels, _ = ndimage.label(heat_map >= level * heat_map[tuple(cell)])
    across, down = (side / cells for side, cells in zip(size, heat_map.shape[::-1], strict=True))
    found = box_of(labels == labels[tuple(cell)])
    assert found is not None  # noqa: S101  # the cell itself is in it
    left, top, right, bottom = found.as_xyxy()
    box = Box.clipped(left * across, top * down, right * across, bottom * down, *size)
    return box or Box.whole(*size)


def resized(array: npt.NDArray[np.generic], rows: int, columns: int) -> Array:
    """``[h, w]`` to ``[rows, columns]``: averaged where it shrinks, bilinear where it grows."""
    given = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))[None, None]
    smaller = rows <= array.shape[0] and columns <= array.shape[1]
    if smaller:
        return torch.nn.functional.interpolate(given, (rows, columns), mode="area")[0, 0].numpy()
    out = torch.nn.functional.interpolate(
        given, (rows, columns), mode="bilinear", align_corners=False
    )
    return out[0, 0].numpy()
