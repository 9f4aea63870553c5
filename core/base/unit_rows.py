"""Vectors of length one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def unit_rows(rows: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Divide each row by its length: ``[n, d]`` to ``[n, d] float32, L2-normalised``."""
    unit: npt.NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(
        np.float32, copy=False
    )
    return unit
