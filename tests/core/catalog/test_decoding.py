from __future__ import annotations

import os
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile, features

from core.base.image_decoding import read_image
from core.errors import ImageError

RED, TOLERANCE = (220, 30, 20), 6


def close(pixel, expected, tolerance=TOLERANCE):
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, expected, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_common_formats_become_rgb(pictures, kind):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    image = read_image(pictures.encoded(Image.new("RGB", (40, 30), RED), kind))
    assert image.mode == "RGB"
    assert image.size == (40, 30)
    assert close(image.getpixel((20, 15)), RED)


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n%%EOF\n",
        b"%PDF-1.4\n1 0 obj << >> endobj\n%%EOF\n",
        b"P6 2 2 255\n" + b"\0" * 12,  # a raster, but not a common one
        b"not a picture at all",
        b"",
    ],
    ids=["svg", "eps", "pdf", "ppm", "text", "empty"],
)
def test_anything_but_common_raster_formats_is_refused(data):
    with pytest.raises(ImageError):
        read_image(data)


def test_exif_orientation_is_applied(pictures):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    image = read_image(pictures.jpeg(64, 48, exif=exif.tobytes()))
    assert image.size == (48, 64)
    assert close(image.getpixel((47, 0)), (0, 0, 255), 12)  # the file's top left is now top right


def test_broken_exif_does_not_lose_the_picture(pictures):
    data = pictures.jpeg(exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert read_image(data).size == (64, 48)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "PA"])
def test_transparency_is_laid_on_white(pictures, mode):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste(RED if mode != "LA" else (60, 60, 60), (0, 0, 10, 20))
    if mode == "P":
        image = image.convert("P")
        data = pictures.encoded(image, "PNG", transparency=image.getpixel((15, 5)))
    else:
        data = pictures.encoded(image.convert(mode), "TIFF" if mode == "PA" else "PNG")
    read = read_image(data)
    assert read.getpixel((15, 5)) == (255, 255, 255)
    assert max(read.getpixel((5, 5))) < 240


def test_half_transparent_pixels_mix_with_white(pictures):
    data = pictures.encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "PNG")
    assert close(read_image(data).getpixel((4, 4)), (127, 127, 127), 1)


def test_cmyk(pictures):
    data = pictures.encoded(Image.new("RGB", (16, 16), RED).convert("CMYK"), "JPEG", quality=95)
    assert close(read_image(data).getpixel((8, 8)), RED, 12)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_values_are_scaled_not_clipped(pictures, kind):
    values = np.linspace(0, 65535, 256).astype(np.uint16)[None, :].repeat(4, 0)
    read = np.asarray(read_image(pictures.encoded(Image.fromarray(values), kind)))
    expected = np.rint(values[0] / 257)
    assert np.abs(read[0, :, 0].astype(float) - expected).max() <= 1


def test_float_tiff(pictures):
    values = np.full((4, 4), 0.5, dtype=np.float32)
    values[0, 0] = np.nan
    read = read_image(pictures.encoded(Image.fromarray(values), "TIFF"))
    assert close(read.getpixel((2, 2)), (128, 128, 128), 1)


def test_first_frame_of_an_animation(pictures):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, (0, 0, 255))]
    for kind in ("GIF", "WEBP"):
        data = pictures.encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert close(read_image(data).getpixel((8, 8)), RED, 12)


def test_first_picture_of_a_multi_picture_jpeg(pictures):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, (0, 0, 255))]
    data = pictures.encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    assert close(read_image(data).getpixel((8, 8)), RED, 12)


def swapped_profile():
    """Make an ICC profile whose first channel is green and whose second is red."""
    xyz = {
        "r": (0.3851, 0.7169, 0.0971),
        "g": (0.4361, 0.2225, 0.0139),
        "b": (0.1431, 0.0606, 0.7141),
    }
    fixed = {f"{name}XYZ": [round(v * 65536) for v in values] for name, values in xyz.items()}
    fixed["wtpt"] = [round(v * 65536) for v in (0.9642, 1.0, 0.8249)]
    bodies = {name: b"XYZ " + struct.pack(">4xiii", *values) for name, values in fixed.items()}
    curve = b"curv" + struct.pack(">4xIH2x", 1, round(2.2 * 256))
    bodies |= {f"{name}TRC": curve for name in "rgb"}
    bodies["desc"] = b"desc" + struct.pack(">4xI", 8) + b"swapped\0" + b"\0" * 80
    table, data, offset = b"", b"", 132 + 12 * len(bodies)
    for name, body in bodies.items():
        table += name.encode() + struct.pack(">II", offset + len(data), len(body))
        data += body + b"\0" * (-len(body) % 4)
    size = offset + len(data)
    header = struct.pack(">I4xI", size, 0x02400000) + b"mntrRGB XYZ ".ljust(24, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + struct.pack(">I", len(bodies)) + table + data


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colour_profile_is_converted(pictures, mode):
    image = Image.new("RGB", (8, 8), (255, 0, 0)).convert(mode)
    pixel = read_image(pictures.encoded(image, "PNG", icc_profile=swapped_profile())).getpixel(
        (4, 4)
    )
    assert pixel[1] > 200
    assert pixel[0] < 60


def test_useless_colour_profiles_are_ignored(pictures):
    srgb, lab = (
        ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes() for kind in ("sRGB", "LAB")
    )
    for profile in (srgb, lab, b"garbage"):
        data = pictures.encoded(Image.new("RGB", (8, 8), RED), "PNG", icc_profile=profile)
        assert read_image(data).getpixel((4, 4)) == RED


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_truncated_pictures_are_refused(pictures, kind, share):
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    data = pictures.encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError):
        read_image(data[: int(len(data) * share)])


@pytest.mark.parametrize("size", [(20_000, 10_000), (11_000, 10_000), (2**31 - 1, 2**31 - 1)])
def test_decompression_bombs_are_refused_before_decoding(pictures, size):
    with pytest.raises(ImageError, match=r"too large|broken"):
        read_image(pictures.png_bomb(*size))


def test_the_limit_is_a_setting_and_no_pillow_state_changes(pictures):
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    data = pictures.encoded(Image.new("RGB", (1000, 1000)), "PNG")
    with pytest.raises(ImageError, match=r"1000 × 1000 .* 0\.5 are allowed"):
        read_image(data, max_megapixels=0.5)
    assert read_image(data, max_megapixels=1).size == (1000, 1000)
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_file_size_limit(pictures, tmp_path):
    data = pictures.jpeg()
    (tmp_path / "a.jpg").write_bytes(data)
    for source in (data, tmp_path / "a.jpg"):
        assert read_image(source, max_bytes=len(data)).size == (64, 48)
        with pytest.raises(ImageError, match="larger than"):
            read_image(source, max_bytes=len(data) - 1)


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")  # reading it would wait for ever
    for path in (tmp_path / "pipe.jpg", tmp_path, tmp_path / "missing.jpg"):
        with pytest.raises(ImageError):
            read_image(path)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((4000, 1000), (512, 128)), ((300, 200), (300, 200)), ((1, 3000), (1, 512))],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_shrinks_to_the_long_side(pictures, size, expected, kind):
    data = pictures.encoded(pictures.gradient(*size), kind)
    assert read_image(data, long_side=512).size == expected


def test_metadata_does_not_travel_on(pictures):
    image = read_image(pictures.jpeg(exif=b"Exif\0\0secret", comment=b"secret"))
    assert image.info == {}
    assert b"secret" not in pictures.encoded(image)
