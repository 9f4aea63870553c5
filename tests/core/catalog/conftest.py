"""Pictures made on the fly, good and hostile."""

from __future__ import annotations

import io
import struct
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image


def gradient(width: int = 64, height: int = 48) -> Image.Image:
    """Make an RGB picture without symmetry: red grows to the right, green downwards."""
    across = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    down = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([across, down, 255 - across], -1).astype(np.uint8))


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def jpeg(width: int = 64, height: int = 48, **options: object) -> bytes:
    return encoded(gradient(width, height), "JPEG", **{"quality": 90, **options})


def png_bomb(width: int, height: int) -> bytes:
    """Make a PNG that claims to be huge and is a few dozen bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture(scope="session")
def pictures() -> SimpleNamespace:
    """``gradient``, ``encoded``, ``jpeg`` and ``png_bomb``."""
    return SimpleNamespace(gradient=gradient, encoded=encoded, jpeg=jpeg, png_bomb=png_bomb)
