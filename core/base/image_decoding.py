"""Read pictures from untrusted files: check limits before decoding, return upright RGB."""

from __future__ import annotations

import io
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features

from core.base.picture_bombs import check_metadata, open_bounded
from core.errors import ImageError

#: Raster formats only: never SVG, EPS or PDF, whose readers run programs or fetch other files.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF") + (
    ("AVIF",) if features.check("avif") else ()
)
#: Bytes of a file's head that are looked at.
_HEAD = 512
_WHITE = (255, 255, 255, 255)
# Damaged EXIF is left out and our own limit of size comes first: neither is news for the log.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture.

    Attributes:
        image: Upright RGB without metadata.
        as_stored: Whether the file is a JPEG whose pixels are exactly ``image``: not rotated,
            resized or converted.
    """

    image: Image.Image
    as_stored: bool


def read_image(
    source: bytes | Path,
    *,
    max_megapixels: float = 100,
    max_bytes: int | None = None,
    long_side: int | None = None,
) -> Image.Image:
    """Read an untrusted picture as upright RGB.

    EXIF orientation is applied, transparency becomes white, colour profiles are converted to
    sRGB, 16-bit values are scaled to 8 bits, and the first frame of an animation is used.

    Args:
        source: The file's bytes, or its path.
        max_megapixels: Larger pictures are refused before they are decoded.
        max_bytes: Larger files are refused before they are read.
        long_side: Shrink the picture to at most this many pixels on its longer side.

    Raises:
        ImageError: The file is not a picture in one of ``FORMATS``, damaged, incomplete or too
            large.
    """
    data = read_bytes(source, max_bytes)
    return decode(data, max_megapixels=max_megapixels, long_side=long_side).image


def read_bytes(source: bytes | Path, max_bytes: int | None = None) -> bytes:
    """Read a source's bytes, up to a limit.

    Raises:
        ImageError: The file is missing, not a regular file, unreadable, or too large.
    """
    if isinstance(source, Path):
        try:
            if not stat.S_ISREG(source.stat().st_mode):
                raise ImageError(f"“{source.name}” is not a picture file.")
            with source.open("rb") as file:
                data = file.read(-1 if max_bytes is None else max_bytes + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a valid path"
            raise ImageError(f"The picture “{source.name}” can't be read: {reason}.") from None
    else:
        data = bytes(source)
    if max_bytes is not None and len(data) > max_bytes:
        raise ImageError(
            f"The picture file is larger than {max_bytes / 2**20:g} MB. Make it smaller."
        )
    if not data:
        raise ImageError("The picture file is empty.")
    return data


def check_head(source: bytes | Path) -> None:
    """Look at a file's first bytes only, for what is clearly no photo: a drawing, a page, a PDF.

    Raises:
        ImageError: It is, or it can't be read; a file without this error may be broken further on.
    """
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                head = file.read(_HEAD)
        else:
            head = source[:_HEAD]
    except (OSError, ValueError) as error:
        raise ImageError(f"The picture can't be read: {_first_line(error)}.") from None
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"<", b"%PDF", b"%!PS")):
        raise _not_a_picture()


def decode(data: bytes, *, max_megapixels: float = 100, long_side: int | None = None) -> Decoded:
    """Decode a picture's bytes; see ``read_image``.

    Raises:
        ImageError: The data is not a picture in one of ``FORMATS``, damaged, incomplete or too
            large.
    """
    try:
        with Image.open(open_bounded(data), formats=FORMATS) as opened:
            _check_size(opened.size, max_megapixels)
            check_metadata(opened)
            return _normalise(opened, long_side)
    except ImageError:
        raise
    except Image.DecompressionBombError:
        raise ImageError(
            f"The picture is too large: it has more than the {max_megapixels:g} megapixels that "
            "are allowed. Make it smaller."
        ) from None
    except UnidentifiedImageError:
        raise _not_a_picture() from None
    except Exception as error:  # a decoder may raise anything on hostile bytes
        raise ImageError(f"The picture is broken or cut short ({_first_line(error)}).") from None


def _not_a_picture() -> ImageError:
    kinds = ", ".join("WebP" if kind == "WEBP" else kind for kind in FORMATS)
    return ImageError(f"The file is not a picture of a kind that is read ({kinds}).")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:120] if lines and lines[0] else type(error).__name__


def _check_size(size: tuple[int, int], max_megapixels: float) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError("The picture is broken: it has no pixels.")
    if width * height > max_megapixels * 1e6:
        raise ImageError(
            f"The picture is too large: {width} × {height} pixels are "
            f"{width * height / 1e6:.0f} megapixels, and {max_megapixels:g} are allowed. "
            "Make it smaller."
        )


def _normalise(opened: Image.Image, long_side: int | None) -> Decoded:
    size, mode, kind = opened.size, opened.mode, opened.format
    if long_side is not None and max(size) > long_side:
        # A JPEG decodes at 1/2, 1/4 or 1/8 size for a fraction of the work; twice the target size
        # is enough for the final resampling.
        ratio = 2 * long_side / max(size)
        opened.draft(None, (max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))))
    opened.load()
    profile = opened.info.get("icc_profile")
    image = _upright(opened)
    turned = image is not opened
    image = _eight_bit(image)
    if long_side is not None and max(image.size) > long_side:
        image = _shrink(image, long_side)
    converted = _to_srgb(image, profile)
    image = _on_white(converted if converted is not None else image)
    image.info = {}  # drop EXIF, comment and profile
    as_stored = (
        kind == "JPEG" and mode == "RGB" and not turned and converted is None and image.size == size
    )
    return Decoded(image, as_stored)


def _upright(image: Image.Image) -> Image.Image:
    try:
        turned = image.getexif().get(0x0112, 1) in range(2, 9)
        return ImageOps.exif_transpose(image) if turned else image
    except Exception:  # broken EXIF does not make the picture unusable
        return image


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring every mode to L, RGB, RGBA, CMYK or another 8-bit mode that resamples well."""
    if image.mode.startswith("I;16"):
        return _scale(np.asarray(image), 65535.0)
    if image.mode in ("I", "F"):
        values = np.asarray(image)
        largest = max(float(np.nan_to_num(rows).max()) for rows in _bands(values))
        tops = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        return _scale(values, next((top for top in tops if largest <= top), largest))
    if image.has_transparency_data and image.mode != "RGBA":
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("P", "1") else image


def _scale(values: np.ndarray, top: float) -> Image.Image:
    scaled = np.empty(values.shape, np.uint8)
    for rows, target in zip(_bands(values), _bands(scaled), strict=True):
        exact = np.nan_to_num(rows.astype(np.float64)) * (255.0 / top)
        target[...] = np.clip(np.rint(exact), 0, 255)
    return Image.fromarray(scaled)


def _bands(values: np.ndarray) -> list[np.ndarray]:
    """Split an array into bands of about a million values, to bound the memory of each step."""
    rows = max(1, 2**20 // values.shape[1])
    return [values[start : start + rows] for start in range(0, len(values), rows)]


def _shrink(image: Image.Image, long_side: int) -> Image.Image:
    ratio = long_side / max(image.size)
    width, height = (max(1, round(side * ratio)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    """Convert from an embedded profile to sRGB; return ``None`` if there is nothing to convert."""
    if not profile:
        return None
    modes = {"RGB ": ("RGB", "RGBA"), "CMYK": ("CMYK",), "GRAY": ("L",)}
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space
        if "sRGB" in (source.profile.profile_description or ""):
            return None
        if image.mode not in modes.get(space, ()):
            return None
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        plain = image.convert("RGB") if alpha else image
        converted = ImageCms.profileToProfile(
            plain, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if converted is not None and alpha is not None:
            converted.putalpha(alpha)
        return converted
    except Exception:  # an unusable profile: use the values as they are
        return None


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, _WHITE)
    white.alpha_composite(image)
    return white.convert("RGB")
