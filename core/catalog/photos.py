"""Locate the photo of a row: in the row, in the images folder, or on the public web."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.catalog.text import clean
from core.errors import ImageError

#: Bytes of a picture, its file, or its web address.
Origin = bytes | Path | str

_DATA = re.compile(r"\s*data:image/[\w.+-]{1,40};base64,", re.I)
#: How JPEG, PNG, WebP and GIF begin in base64, as Odoo exports them, and fewest characters.
_BASE64 = ("/9j/", "iVBORw0KGgo", "UklGR", "R0lGOD")
_SHORTEST = 200
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://")
#: `//cdn.shop.example/a.jpg`, and `cdn.shop.example/a.jpg`: a host with a top-level domain.
_NO_SCHEME = re.compile(
    r"//[\w.-]+/\S|(?:[a-z0-9-]+\.)+(?:com|net|org|io|shop|store|app|dev|example|[a-z]{2})/\S",
    re.I,
)
#: Deepest nesting of lists that is read.
_DEEPEST = 20
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
#: Most files below an images folder that are indexed by name.
_MOST_FILES = 500_000


def locate(value: object, folder: Path, ids: Sequence[str] = ()) -> Origin:
    """Find the photo of an image cell.

    Paths are tried in this order: as written; without the folder's own name; by the file name
    alone anywhere below the folder, if it is unique; by the item's ids.

    Args:
        value: Bytes, ``{"bytes": …, "path": …}``, a path inside ``folder`` (its ending may be
            missing), an http(s) address (its scheme may be missing), or a list of which the first
            counts.
        folder: Folder of the pictures, resolved.
        ids: A file with one of these names is the photo of a row whose cell is empty or leads
            nowhere.

    Raises:
        ImageError: There is none, it is not found, or it lies outside the folder.
    """
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    for _ in range(_DEEPEST):
        if not isinstance(value, (list, tuple)):
            break
        value = value[0] if value else None
        if isinstance(value, Mapping):
            value = value.get("bytes") or value.get("path")
    if isinstance(value, (bytes, bytearray, memoryview)):
        if not value:
            raise ImageError("The row has no photo.")
        return bytes(value)
    if isinstance(value, str) and (picture := _written_out(value)):
        return picture
    text = clean(value, 2000)
    if not text:
        by_id = _by_id(ids, folder)
        if by_id is None:
            raise ImageError("The row has no photo.")
        return by_id
    scheme = _SCHEME.match(text)
    if scheme and scheme[1].lower() in ("http", "https"):
        return text
    if scheme:
        raise ImageError(
            f"“{text[:80]}” is neither a file in the images folder nor an http(s) address."
        )
    return _inside(value.strip() if isinstance(value, str) else text, folder, ids)


def _written_out(text: str) -> bytes:
    """Return a picture that a cell holds as base64, or as a `data:` address; empty if none."""
    start = _DATA.match(text[:100])
    body = text[start.end() :] if start else text
    if not start and not (len(body) > _SHORTEST and body.startswith(_BASE64)):
        return b""
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        return b""


def unusable(origin: Origin, error: ImageError) -> ImageError:
    """Return an error on a photo's content with the photo's name in its sentence."""
    name = origin.name if isinstance(origin, Path) else origin
    sentence = str(error)
    if isinstance(name, bytes) or name in sentence:
        return error
    return ImageError(f"The photo “{name[:80]}” can't be used: {sentence[0].lower()}{sentence[1:]}")


def _inside(name: str, folder: Path, ids: Sequence[str]) -> Path | str:
    text = clean(name, 2000)
    slashes = text.replace("\\", "/")
    link = _NO_SCHEME.match(slashes)
    outside = False
    try:
        for candidate in _candidates(name, text, slashes, folder):
            path = (folder / candidate).resolve()
            # Resolved first: neither "..", an absolute path nor a symbolic link leads out.
            if not path.is_relative_to(folder):
                outside = True
                continue
            if path.is_file():
                return path
    except (OSError, ValueError, RuntimeError):  # a name too long, a loop of links
        pass
    if link:
        return "https://" + slashes.removeprefix("//")
    elsewhere = _by_name(slashes, folder) or _by_id(ids, folder)
    if elsewhere is not None:
        return elsewhere
    if outside:
        raise ImageError(
            f"The photo “{text[:80]}” lies outside the images folder. Move it there, or give its "
            "folder as the images folder."
        )
    if not _names_below(folder):
        raise ImageError(
            f"The photo “{text[:80]}” is missing: no photos came with the file. Add them to it, or "
            "give the folder that they are in."
        )
    raise ImageError(f"The photo “{text[:80]}” is not in the images folder.")


def _candidates(name: str, text: str, slashes: str, folder: Path) -> list[str]:
    """Yield the path as written; cleaned; from Windows; with accents as in macOS; without an
    ending.

    The last ones are not written as a link, `my%20chair.jpg`, begin below the folder of a shop's
    pictures, `/m/y/chair.jpg`, or lack the folder's own name:
    `images/a.jpg` in the folder `images`.
    """
    candidates = [name, text, slashes, unicodedata.normalize("NFD", slashes)]
    candidates += [slashes + suffix for suffix in _SUFFIXES]
    candidates += [unquote(slashes)] if "%" in slashes else []
    candidates += [slashes.lstrip("/")] if slashes.startswith("/") else []
    first, _, below = slashes.removeprefix("./").partition("/")
    if below and first.lower() == folder.name.lower():
        candidates += [below, *(below + suffix for suffix in _SUFFIXES)]
    return list(dict.fromkeys(candidates))


def _by_name(path: str, folder: Path) -> Path | None:
    """Return the only file below the folder with this name, ignoring case and ending."""
    return _unique(path.rsplit("/", 1)[-1], folder)


def file_of_link(address: str, folder: Path) -> Path | None:
    """Return the only file below the folder that is called like the last part of a web address."""
    try:
        path = urlsplit(address).path
    except ValueError:  # no address at all
        return None
    return _by_name(unquote(path), folder)


def _by_id(ids: Sequence[str], folder: Path) -> Path | None:
    paths = (_unique(name, folder) for name in ids if name)
    return next((path for path in paths if path is not None), None)


def _unique(name: str, folder: Path) -> Path | None:
    names = _names_below(folder)
    key = unicodedata.normalize("NFC", name).lower()
    for candidate in (key, *(key + suffix for suffix in _SUFFIXES)):
        paths = names.get(candidate, ())
        if len(paths) == 1 and paths[0].is_file() and paths[0].resolve().is_relative_to(folder):
            return paths[0].resolve()
    return None


@lru_cache(maxsize=2)
def _names_below(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Map names in small letters to pictures below a folder; cached until ``forget_folders``."""
    names: dict[str, tuple[Path, ...]] = {}
    for number, path in enumerate(folder.rglob("*")):
        if number >= _MOST_FILES:
            break
        if path.suffix.lower() in (*_SUFFIXES, ".gif", ".bmp", ".tif", ".tiff", ".avif"):
            key = unicodedata.normalize("NFC", path.name).lower()
            names[key] = (*names.get(key, ())[:1], path)  # two files: the name is not unique
    return names


def forget_folders() -> None:
    """Clear the cache of folders; called once per pass over a file."""
    _names_below.cache_clear()


def identity(origin: Origin, folder: Path) -> str:
    """Return a short text that changes with the photo, without reading a file or fetching."""
    if isinstance(origin, bytes):
        return f"bytes:{hashlib.sha256(origin).hexdigest()}"
    if isinstance(origin, Path):
        status = origin.stat()
        return f"file:{origin.relative_to(folder)}:{status.st_size}:{status.st_mtime_ns}"
    return f"url:{origin}"
