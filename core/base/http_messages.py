"""A request and its answer, as the deployment of models gets and gives them; no library in it."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

JSON_TYPE, ARRAY_TYPE = "application/json", "application/x-npy"


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        path: Its path.
        body: Its body.
        token: What follows ``Bearer`` in its header ``Authorization``; empty if there is none.
        options: What follows the question mark of its address.
    """

    path: str
    body: bytes = b""
    token: str = ""
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, body and the type of the body."""

    status: int
    body: bytes
    media_type: str = JSON_TYPE


def json_answer(content: object, status: int = 200) -> Answer:
    """Return an answer of JSON."""
    return Answer(status, json.dumps(content).encode())


def packed(array: npt.NDArray[np.generic]) -> bytes:
    """Return an array of numbers as bytes, in the format of numpy's files."""
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    return written.getvalue()


def unpacked(
    body: bytes, dtype: type[np.generic], shape: tuple[int | None, ...]
) -> npt.NDArray[np.generic]:
    """Return the array of such bytes; nothing is unpickled.

    Args:
        body: The bytes.
        dtype: What its numbers must be.
        shape: What its sizes must be; ``None`` is any.

    Raises:
        ValueError: They are no such array.
    """
    try:
        array: npt.NDArray[np.generic] = np.load(io.BytesIO(body), allow_pickle=False)
    except (OSError, EOFError, SyntaxError, MemoryError) as error:
        raise ValueError("no array") from error
    fits = isinstance(array, np.ndarray) and array.dtype == dtype and array.ndim == len(shape)
    if not fits or any(w not in (None, has) for w, has in zip(shape, array.shape, strict=True)):
        raise ValueError("another array than is expected")
    return array
