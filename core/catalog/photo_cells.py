"""Read the photos in a cell: one, or several as a list, as JSON, or between separators."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from core.catalog.cells import unpacked

#: Most photos of one item.
MOST = 30
_PICTURE = r"\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif|heic|jfif|svg)"
#: Between two names there is a bar, or a separator behind a picture's ending or before an address.
_BAR = re.compile(r"\s*\|\s*")
_RUN = re.compile(r"[\s,;]{2,}")
_SEPARATOR = re.compile(
    rf"(?:(?<=\.jpg)|(?<=\.png)|(?<=\.gif)|(?<=\.bmp)|(?<=\.tif)|(?<=\.svg)|(?<=\.jpeg)|(?<=\.webp)"
    rf"|(?<=\.tiff)|(?<=\.avif)|(?<=\.heic)|(?<=\.jfif))"
    rf"(?:\s*[,;\n]\s*|\s+(?=\S*{_PICTURE}(?:$|[\s,;]))|,)"
    r"|[\s,;]+(?=https?://|//[\w.-]+/)|\s*\n\s*|;\s+",
    re.I,
)
#: Names under which a dictionary has a picture, the largest first.
_NAMES = (
    "hi_res", "original", "large", "full", "src", "url", "link", "href", "image_url", "image_link",
    "image", "contenturl", "path", "file", "filename", "file_name", "name", "medium", "thumb",
    "thumbnail", "small", "value", "edges", "nodes", "node", "data", "original_src",
    "originalsrc", "location",
)  # fmt: skip


def photos_in(value: object, left: int = 6) -> Iterator[object]:
    """Yield the photos of a cell in order: bytes, or text that names one."""
    value = unpacked(value)
    if left <= 0:
        return
    if isinstance(value, Mapping):
        yield from _of_mapping(value, left)
    elif isinstance(value, (list, tuple)):
        for entry in value[:MOST]:
            yield from photos_in(entry, left - 1)
    elif isinstance(value, str):
        yield from split(value)
    elif isinstance(value, (bytes, bytearray, memoryview)) or value is not None:
        yield value


def _of_mapping(value: Mapping[object, object], left: int) -> Iterator[object]:
    if isinstance(value.get("bytes"), (bytes, bytearray, memoryview)) and value["bytes"]:
        yield value["bytes"]
        return
    by_name = {str(name).lower(): inner for name, inner in value.items() if inner}
    inner = next((by_name[name] for name in _NAMES if name in by_name), None)
    if inner is None and len(value) == 1:  # {"image-group": [...]}
        inner = next(iter(by_name.values()), None)
        inner = inner if isinstance(inner, (Mapping, list, tuple)) else None
    if inner is not None:
        yield from photos_in(inner, left - 1)


def split(text: str) -> list[str]:
    """Split a text into names: ``a.jpg|b.jpg`` or ``a.jpg, b.jpg``; a name with blanks is kept
    whole."""
    if (
        len(text) > 100_000
        or text[:20].lstrip().lower().startswith("data:")
        or not re.search(r"[|,;\s]", text)
    ):
        return [text]
    names = _BAR.split(_RUN.sub(_short, text.strip()))
    if len(names) > 1 and not all(_looks_like_photo(name) for name in names if name):
        names = [text]
    parts = [part for name in names for part in _SEPARATOR.split(name)]
    if len(parts) > 1 and not all(_looks_like_photo(part) for part in parts if part):
        parts = [text]
    return [part for part in parts if part.strip()] or [text]


def _short(run: re.Match[str]) -> str:
    """Replace repeated separators by one: over a long run the patterns would be too slow."""
    mark = next((sign for sign in run[0] if sign in ",;"), "")
    return "\n" if "\n" in run[0] else f"{mark} "


def _looks_like_photo(name: str) -> bool:
    plain = name.strip().lower()
    if plain.startswith(("http://", "https://", "//")):
        return True
    # Cut first and search then: one pattern for both takes minutes on ".jpg?.jpg?…".
    names = (plain, plain.partition("?")[0], plain.partition("#")[0])
    return any(re.search(_PICTURE + "$", name) for name in names)
