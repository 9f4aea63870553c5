"""Resize arrays as torch's ``interpolate`` does, by one matrix per axis and without torch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

#: Matrices that are cached; those of masks in photos of one size take up to 1 MB each.
_KEEP = 32
#: The shape of the bicubic curve, as in torch and OpenCV.
_BEND = -0.75


def resample(array: npt.NDArray[np.generic], down: Array, across: Array) -> Array:
    """Resize an array ``[h, w]`` to ``[rows, columns] float32``.

    Args:
        array: The array, of any type.
        down: Matrix of the first axis, ``[rows, h]``.
        across: Matrix of the second axis, ``[columns, w]``.
    """
    resized: Array = down @ np.asarray(array, np.float32) @ across.T
    return resized


@lru_cache(_KEEP)
def area(size: int, wanted: int) -> Array:
    """Return the means of the ``size`` values that each of ``wanted`` covers, at most as many."""
    ends = np.arange(wanted + 1) * size
    starts, stops = ends[:-1] // wanted, -(-ends[1:] // wanted)
    places = np.arange(size)
    covered = (places >= starts[:, None]) & (places < stops[:, None])
    means: Array = (covered / covered.sum(axis=1, keepdims=True)).astype(np.float32)
    return means


@lru_cache(_KEEP)
def linear(size: int, wanted: int) -> Array:
    """Return linear interpolation between the centres of the values, ``[wanted, size]``."""
    return _linear(size, wanted).astype(np.float32)


@lru_cache(_KEEP)
def linear_twice(size: int, factor: int, kept: int, wanted: int) -> Array:
    """Return linear interpolation to ``factor`` times the size, of which the first ``kept`` values
    are interpolated to ``wanted``: ``[wanted, size]``."""
    return (_linear(kept, wanted) @ _linear(size, size * factor)[:kept]).astype(np.float32)


@lru_cache(_KEEP)
def cubic(size: int, wanted: int) -> Array:
    """Return bicubic interpolation between the centres of the values, ``[wanted, size]``."""
    at = (np.arange(wanted) + 0.5) * size / wanted - 0.5
    first = np.floor(at).astype(int)
    matrix = np.zeros((wanted, size))
    for step in range(-1, 3):
        away = np.abs(at - first - step)
        near = ((_BEND + 2) * away - (_BEND + 3)) * away**2 + 1
        far = _BEND * (((away - 5) * away + 8) * away - 4)
        places = np.clip(first + step, 0, size - 1)
        np.add.at(matrix, (np.arange(wanted), places), np.where(away <= 1, near, far))
    return matrix.astype(np.float32)


def _linear(size: int, wanted: int) -> npt.NDArray[np.float64]:
    at = np.maximum((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0)
    first = np.minimum(np.floor(at).astype(int), size - 1)
    share, rows = at - first, np.arange(wanted)
    matrix = np.zeros((wanted, size))
    np.add.at(matrix, (rows, first), 1 - share)
    np.add.at(matrix, (rows, np.minimum(first + 1, size - 1)), share)
    return matrix
