"""Where the photo of a row is: in the row, in the images folder, or on the public web."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from core.catalog.text import clean
from core.errors import ImageError

#: Bytes of a picture, its file, or its web address.
Origin = bytes | Path | str

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def locate(value: object, folder: Path) -> Origin:
    """Find the photo that an image cell means.

    Args:
        value: Bytes, ``{"bytes": …, "path": …}``, a path inside ``folder`` (its ending may be
            missing), an http(s) address, or a list of which the first counts.
        folder: Folder of the pictures, resolved.

    Raises:
        ImageError: There is none, it is not found, or it lies outside the folder.
    """
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, (list, tuple)):
        return locate(value[0] if value else None, folder)
    if isinstance(value, (bytes, bytearray, memoryview)):
        if not value:
            raise ImageError("The row has no photo.")
        return bytes(value)
    text = clean(value, 2000)
    if not text:
        raise ImageError("The row has no photo.")
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() in ("http", "https"):
        return text
    if scheme:
        raise ImageError(
            f"“{text[:80]}” is neither a file in the images folder nor an http(s) address."
        )
    return _inside(value.strip() if isinstance(value, str) else text, folder)


def _inside(name: str, folder: Path) -> Path:
    text = clean(name, 2000)
    slashes = text.replace("\\", "/")
    # As written; cleaned; from Windows; as macOS spells accents; without an ending.
    candidates = [name, text, slashes, unicodedata.normalize("NFD", slashes)]
    candidates += [slashes + suffix for suffix in _SUFFIXES]
    try:
        for candidate in dict.fromkeys(candidates):
            path = (folder / candidate).resolve()
            # Resolved first: neither "..", an absolute path nor a symbolic link leads out.
            if not path.is_relative_to(folder):
                raise ImageError(
                    f"The photo “{text[:80]}” lies outside the images folder. Move it there, or "
                    "give its folder as the images folder."
                )
            if path.is_file():
                return path
    except (OSError, ValueError, RuntimeError):  # a name too long, a loop of links
        pass
    raise ImageError(f"The photo “{text[:80]}” is not in the images folder “{folder}”.")


def identity(origin: Origin, folder: Path) -> str:
    """A short text that changes when the photo does, without reading a file or fetching."""
    if isinstance(origin, bytes):
        return f"bytes:{hashlib.sha256(origin).hexdigest()}"
    if isinstance(origin, Path):
        status = origin.stat()
        return f"file:{origin.relative_to(folder)}:{status.st_size}:{status.st_mtime_ns}"
    return f"url:{origin}"
