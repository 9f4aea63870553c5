"""Positional embeddings for pictures of any size, in numpy; ``dense.py`` has them for PyTorch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.base.resampling import cubic

Array = npt.NDArray[np.float32]


def positions_of_grid(positions: Array, rows: int, columns: int) -> Array:
    """Interpolate ``[1 + side², width]`` to a grid, bicubic: ``[1 + rows * columns, width]``."""
    side = round((len(positions) - 1) ** 0.5)
    if (rows, columns) == (side, side):
        return positions
    grid = positions[1:].reshape(side, side, -1)
    tall = np.tensordot(cubic(side, rows), grid, 1)
    wide = np.tensordot(tall, cubic(side, columns), (1, 1)).transpose(0, 2, 1)
    return np.concatenate([positions[:1], wide.reshape(rows * columns, -1)])


def positions_of_strip(positions: Array, rows: int, columns: int) -> Array:
    """Return the positions of the middle rows of the square: ``[1 + rows * columns, width]``."""
    top = (columns - rows) // 2
    middle = positions[1 + top * columns : 1 + (top + rows) * columns]
    return np.concatenate([positions[:1], middle])
