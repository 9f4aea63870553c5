"""Unpack an uploaded zip file of photos into a folder, within limits."""

from __future__ import annotations

import shutil
import zlib
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from core.errors import CatalogError

#: Endings of the files that are unpacked; anything else stays packed.
PICTURES = {
    ".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".svg",
    ".heic",
}  # fmt: skip
#: Most files of a zip file, and longest path in it.
MOST_FILES, _LONGEST = 50_000, 300
#: Largest that a file may become, as a multiple of what it takes packed; photos hardly shrink.
_MOST_TIMES = 100
#: What the reader raises for a damaged file, by the kind of damage.
_DAMAGE = (
    BadZipFile, NotImplementedError, OSError, EOFError, ValueError, RuntimeError, LZMAError,
    zlib.error,
)  # fmt: skip


def unpack_photos(source: Path, folder: Path, most_bytes: int) -> int:
    """Unpack the pictures of a zip file, each below ``folder`` as it is named there.

    Args:
        source: The zip file; it is not trusted.
        folder: An empty folder, or one to add to; no file in it is replaced.
        most_bytes: Most bytes that all pictures together may take.

    Returns:
        The number of pictures.

    Raises:
        CatalogError: It is no zip file, locked with a password, or too large when unpacked.
    """
    name, left, count = source.name[:80], most_bytes, 0
    try:
        with ZipFile(source) as packed:
            entries = [entry for entry in packed.infolist() if _path(entry) is not None]
            if len(entries) > MOST_FILES:
                raise CatalogError(f"“{name}” has more than {MOST_FILES:,} pictures.")
            for entry in entries:
                left -= _size(entry, name)
                if left < 0:
                    raise CatalogError(
                        f"Unpacked, “{name}” is larger than {most_bytes // 2**20:,} MB. Give the "
                        "folder of the photos instead, or several smaller files."
                    )
                count += _unpack(packed, entry, folder)
    except _DAMAGE as error:
        raise CatalogError(f"“{name}” can't be unpacked: {str(error)[:120]}.") from None
    return count


def _size(entry: ZipInfo, name: str) -> int:
    if entry.flag_bits & 1:
        raise CatalogError(f"“{name}” is locked with a password; save it without one.")
    if entry.file_size > _MOST_TIMES * max(entry.compress_size, 1000):
        raise CatalogError(f"“{name}” holds a file that becomes very large when it is unpacked.")
    return entry.file_size


def _path(entry: ZipInfo) -> PurePosixPath | None:
    """Return an entry's path where it is a picture that may be unpacked."""
    text = entry.filename.replace("\\", "/")
    path = PurePosixPath(text)
    unsafe = text.startswith("/") or ":" in text or "\0" in text or ".." in path.parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    if entry.is_dir() or unsafe or hidden or len(text) > _LONGEST:
        return None
    return path if path.suffix.lower() in PICTURES else None


def _unpack(packed: ZipFile, entry: ZipInfo, folder: Path) -> bool:
    """Write one picture; an earlier file of its name stays."""
    path = _path(entry)
    target = folder / path if path else folder
    if path is None or target.exists() or not target.resolve().is_relative_to(folder.resolve()):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(entry) as content, target.open("wb") as file:
        shutil.copyfileobj(content, file)  # zipfile stops at the size that the entry states
    return True
