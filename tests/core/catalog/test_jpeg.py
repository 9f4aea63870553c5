from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.base.jpeg import strip_metadata


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True}])
def test_a_file_without_metadata_comes_back_equal(pictures, options):
    data = pictures.jpeg(**options)
    assert strip_metadata(data) == data


@pytest.mark.parametrize("progressive", [False, True])
def test_metadata_goes_and_pixels_stay(pictures, progressive):
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)  # GPS latitude
    data = pictures.jpeg(
        exif=exif.tobytes(),
        comment=b"SecretComment",
        icc_profile=b"SecretProfile" * 20,
        progressive=progressive,
    )
    stripped = strip_metadata(data + b"<script>SecretTail</script>")
    assert stripped is not None
    assert b"Secret" in data
    assert b"Secret" not in stripped
    assert b"Exif" not in stripped
    assert (pixels(stripped) == pixels(data)).all()


def test_unusual_structure_is_left_to_the_encoder(pictures):
    data = pictures.jpeg()
    for broken in (b"", b"\xff\xd8", data[:-2], data[:100], b"\xff\xd8\x00\x00" + data[4:]):
        assert strip_metadata(broken) is None


def test_no_segment_hides_another_file(pictures):
    data = pictures.jpeg()
    page = b"<script>alert(1)</script>"
    for marker in (0xE0, 0xE2, 0xEE, 0xF0, 0xFD, 0xFE):
        body = b"Adobe" + page if marker == 0xEE else page
        segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
        stripped = strip_metadata(data[:2] + segment + data[2:])
        assert stripped is None or page not in stripped, hex(marker)
    assert page not in (strip_metadata(data + page) or b"")
