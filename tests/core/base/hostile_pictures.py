"""Picture files made on the fly: all sound kinds, and those that are made to hurt."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

from core.base.image_decoding import decode
from core.errors import ImageError

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Encode a picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png(
    width: int, height: int, *, bits: int = 8, colour: int = 2, rows: int = -1, extra: bytes = b""
) -> bytes:
    """Make a black PNG; with few ``rows`` it claims to be larger than its data.

    Args:
        width: Pixels.
        height: Pixels.
        bits: Per channel.
        colour: 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA.
        rows: How many are there; all by default.
        extra: Chunks between head and data.
    """
    packer = zlib.compressobj(9)
    count = height if rows < 0 else rows
    line = b"\0" * (1 + (width * bits * _CHANNELS[colour] + 7) // 8) if count else b""
    data = b"".join(packer.compress(line) for _ in range(count))
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    palette = chunk(b"PLTE", b"\0\0\0") if colour == 3 else b""
    parts = chunk(b"IHDR", head), extra, palette, chunk(b"IDAT", data + packer.flush())
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def chunk(kind: bytes, body: bytes) -> bytes:
    """Make a chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(size: int) -> bytes:
    """Many zeros in little space."""
    return zlib.compress(b"\0" * size, 9)


def sound() -> dict[str, bytes]:
    """Make a small file of every kind that shops have, by a name that says what it is."""
    rng = np.random.default_rng(7)
    rgb = Image.fromarray(rng.integers(0, 255, (24, 36, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = Image.new("RGBA", (20, 20), (200, 0, 0, 90))
    frames = [Image.new("P", (16, 16), n) for n in (1, 2, 3)]
    grey = np.linspace(0, 65535, 30 * 20).reshape(20, 30)
    return {
        "jpeg": encoded(rgb, "JPEG"),
        "progressive jpeg": encoded(rgb, "JPEG", progressive=True),
        "turned jpeg": encoded(rgb, "JPEG", exif=exif.tobytes()),
        "broken exif": encoded(rgb, "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xf0garbage"),
        "cmyk jpeg": encoded(rgb.convert("CMYK"), "JPEG"),
        "grey jpeg": encoded(rgb.convert("L"), "JPEG"),
        "png": encoded(rgb, "PNG"),
        "rgba png": encoded(clear, "PNG"),
        "palette png": encoded(rgb.convert("P"), "PNG", transparency=3),
        "16-bit png": encoded(Image.fromarray(grey.astype(np.uint16)), "PNG"),
        "1-bit png": encoded(rgb.convert("1"), "PNG"),
        "1x1 png": png(1, 1),
        "wide png": png(30_000, 1),
        "tall png": png(1, 30_000),
        "gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "webp": encoded(clear, "WEBP"),
        "animated webp": encoded(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)]),
        "bmp": encoded(rgb, "BMP"),
        "tiff": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "float tiff": encoded(Image.fromarray((grey / 65535).astype(np.float32)), "TIFF"),
    }


def no_pictures() -> dict[str, bytes]:
    """Files that only claim to be pictures, whatever they are called."""
    return {
        "empty": b"",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "html": b"<!doctype html><script>alert(1)</script>",
        "html behind a gif mark": b"GIF89a<script>alert(1)</script>",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n",
        "zip": b"PK\x03\x04" + b"\0" * 60,
        "nul": b"\0" * 4096,
        "png mark alone": b"\x89PNG\r\n\x1a\n",
        "claims a gigapixel": png(40_000, 30_000, rows=1),
        "claims the largest size": png(2**31 - 1, 2**31 - 1, rows=0),
        "no pixels": png(0, 0),
        "packed profile": png(8, 8, extra=chunk(b"iCCP", b"x\0\0" + packed(80_000_000))),
        "packed text": png(8, 8, extra=chunk(b"zTXt", b"x\0\0" + packed(80_000_000))),
    }


def bombs() -> dict[str, bytes]:
    """Small files of few pixels that would take very much time or memory, by what is in them."""
    rgb = Image.new("RGB", (16, 16))
    exif = b"Exif\0\0" + shared_tags(400, 60_000)
    frames = [Image.new("L", (8, 8), n) for n in range(3)]
    gif = encoded(Image.new("P", (4, 4)), "GIF")
    start = gif.index(b",")
    beyond = gif[: start + 5] + struct.pack("<HH", 60_000, 60_000) + gif[start + 9 :]
    return {
        "scans of a jpeg": many_scans(400),
        "metadata of a jpeg": encoded(rgb, "JPEG", exif=exif),
        "metadata of a png": encoded(rgb, "PNG", exif=exif),
        "metadata of a webp": encoded(rgb, "WEBP", exif=exif),
        "metadata of a tiff": shared_tags(400, 60_000),
        "pictures in a jpeg": _with_segment(
            encoded(frames[0], "JPEG"), 0xE2, b"MPF\0" + shared_tags(400, 60_000)
        ),
        "tiles of a tiff": tiff((256, 16), (257, 16), (322, 60_000), (323, 60_000)),
        "tiles of a big tiff": tiff((256, 16), (257, 16), (322, 60_000), (323, 60_000), big=True),
        "tiles that are named twice": tiff(
            (256, 16), (257, 16), (322, 60_000), (322, 16), (323, 60_000), (323, 16)
        ),
        "frame beyond its gif": beyond,
    }


def many_scans(count: int) -> bytes:
    """Make a progressive JPEG with one of its scans again and again."""
    data = encoded(Image.new("L", (64, 64)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def tiff(*tags: tuple[int, int], big: bool = False) -> bytes:
    """Make a TIFF that has these tags and little else."""
    more = ((258, 8), (259, 8), (262, 1), (277, 1), (324, 8), (325, 99))
    rows = sorted((*tags, *more), key=lambda tag: tag[0])
    form, head = ("<HHQQ", b"II+\0\x08\0\0\0") if big else ("<HHII", b"II*\0")
    entries = b"".join(struct.pack(form, tag, 4, 1, value) for tag, value in rows)
    start = struct.pack("<QQ", 16, len(rows)) if big else struct.pack("<IH", 8, len(rows))
    return head + start + entries + b"\0" * 200


def shared_tags(count: int, size: int) -> bytes:
    """Make a directory of metadata whose tags all have the same bytes."""
    plain = ((256, 16), (257, 16), (258, 8), (259, 1), (262, 1), (273, 0), (278, 16), (279, 256))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in plain)
    entries += b"".join(struct.pack("<HHII", 1000 + n, 1, size, 16) for n in range(count))
    return b"II*\0" + struct.pack("<IH", 8, len(plain) + count) + entries.ljust(size + 64, b"\0")


def _with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def heavy(side: int) -> list[bytes]:
    """Small files of many pixels, in the modes that take most memory."""
    zeros = np.zeros((side, side))
    options = {"compression": "tiff_deflate"}
    return [
        png(side, side, bits=16, colour=0),
        png(side, side, bits=16, colour=6),
        png(side, side, bits=8, colour=3),
        encoded(Image.fromarray(zeros.astype(np.float32)), "TIFF", **options),
        encoded(Image.fromarray(zeros.astype(np.int32)), "TIFF", **options),
    ]


def decoded_sizes(files: list[bytes]) -> list[tuple[int, int] | str]:
    """Decode each file within a side of 1,024 pixels; return its size, or the sentence."""
    sizes: list[tuple[int, int] | str] = []
    for data in files:
        try:
            sizes.append(decode(data, long_side=1024).image.size)
        except ImageError as error:
            sizes.append(str(error))
    return sizes
