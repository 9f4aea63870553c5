"""Drawings: Debian's ``openclipart-png`` with the titles of ``openclipart-svg`` (public domain)."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from core.training.corpus.record import TitledPicture, bucket, clean, open_file

_TITLE = re.compile(rb"<dc:title[^>]*>(.*?)</dc:title>", re.S)
_ABOUT = re.compile(rb"<dc:description[^>]*>(.*?)</dc:description>", re.S)
_TAG = re.compile(rb"<rdf:li>(.*?)</rdf:li>", re.S)
_NO_TITLE = re.compile("untitled|no title|openclipart", re.I)
_SIGNATURES = re.compile(r"\b(01|architetto francesco rollandi|r|francesco)\b")
_NO_CATEGORY = {"unsorted", "special", "examples"}
#: More drawings than this with one title: it is the title of a collection.
_COLLECTION = 6


def clipart(folder: Path) -> Iterator[TitledPicture]:
    """Yield every drawing with a title or tags.

    Args:
        folder: Where both packages were unpacked (``dpkg -x``).
    """
    png = folder / "usr/share/openclipart/png"
    svg = folder / "usr/share/openclipart/svg"
    metadata = {path.relative_to(svg).with_suffix(""): path for path in svg.rglob("*.svg")}
    heads = {name: path.read_bytes() for name, path in metadata.items()}
    titles = Counter(_first(_TITLE, head) for head in heads.values())
    for path in sorted(png.rglob("*.png")):
        name = path.relative_to(png).with_suffix("")
        if "duplicates" in name.parts or name.parts[0] == "shapes":
            continue
        head = heads.get(name, b"")
        title = _first(_TITLE, head)
        if len(title) < 3 or titles[title] > _COLLECTION or _NO_TITLE.search(title):
            title = _SIGNATURES.sub(
                "", re.sub(r"\b\d+\b", " ", re.sub(r"[_\-]+", " ", name.name))
            ).strip()
        title = re.sub(r"\s*\d+\s*$", "", re.sub(r"[_\-]+", " ", html.unescape(title)))
        if not re.search("[A-Za-z]{3}", title):
            title = ""
        texts = clean(_texts(title, head, name.parts[:-1]))
        if not texts or _too_large(path):
            continue
        group = re.sub(r"[\W\d_]+", "", title.lower()) or str(name)
        split = "val" if bucket(group, 25) == 0 else "train"
        yield TitledPicture(f"oc:{name}", "openclipart", group, split, texts, open_file(path))


def _too_large(path: Path) -> bool:
    """Tell whether Pillow refuses to unpack the drawing: the package holds a few posters."""
    try:
        with Image.open(path):
            return False
    except Image.DecompressionBombError:
        return True


def _texts(title: str, head: bytes, folders: tuple[str, ...]) -> Iterator[str]:
    about = html.unescape(re.sub("<[^>]+>", "", _first(_ABOUT, head)))
    tags = [tag.decode("utf-8", "ignore").strip() for tag in _TAG.findall(head)]
    categories = [part.replace("_", " ") for part in folders if part not in _NO_CATEGORY]
    yield title
    if 8 < len(about) < 200:
        yield about
    yield ", ".join(tag for tag in tags if 2 < len(tag) < 30)
    if title and categories:
        yield f"{title}, {categories[-1]}"


def _first(pattern: re.Pattern[bytes], head: bytes) -> str:
    match = pattern.search(head)
    return match.group(1).decode("utf-8", "ignore").strip() if match else ""
