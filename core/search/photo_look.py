"""What photos look like: whether two show the same in the same colours, and which colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from core.base import colours
from core.base.recent import Recent
from core.errors import ImageError
from core.ports.engines import Photos
from core.store.items import ItemRecord

Signature = npt.NDArray[np.float32]

#: Number of photo signatures that are kept, 3 kB each.
_KEPT = 4096
#: Number of photos whose colours are kept.
_KEPT_COLOURS = 16_384
_GRID = 16
#: Number of the most different cells that are compared: a small product fills only some of 256.
_CELLS = 4
#: Largest mean colour difference (ΔE, CIE 1976) of those cells between photos that look the same.
#: Chosen on the data set luma: 263 of 266 pairs of colour variants with equal hashes differ more;
#: nine in ten of 360 re-encoded, trimmed or slightly darker copies differ less.
MOST_DIFFERENT = 8.0


def signature(image: Image.Image) -> Signature:
    """Return a photo's mean colours on a grid, CIE L*a*b*, `[16, 16, 3] float32`."""
    small = image.convert("RGB").resize((_GRID, _GRID), Image.Resampling.BOX)
    lab = np.asarray(ImageCms.applyTransform(small, _to_lab())).astype(np.float32)
    lab[..., 0] *= 100 / 255
    chroma = lab[..., 1:]
    chroma[chroma > 127] -= 256  # Pillow stores signed bytes
    return lab


def one_look(first: Signature, second: Signature) -> bool:
    """Tell whether two photos show the same thing in the same colours."""
    differences = np.sqrt(((first - second) ** 2).sum(axis=-1)).ravel()
    return float(np.sort(differences)[-_CELLS:].mean()) <= MOST_DIFFERENT


@cache
def _to_lab() -> ImageCms.ImageCmsTransform:
    rgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(rgb, lab, "RGB", "LAB")


class PhotoLooks:
    """Tells which items of a catalogue look the same; keeps the signatures of recent photos.

    Args:
        photos: The catalogue's photos.
    """

    def __init__(self, photos: Photos) -> None:
        self._photos = photos
        self._recent: Recent[Signature] = Recent(_KEPT)

    def compare(self, records: Mapping[str, ItemRecord]) -> Callable[[str, str], bool]:
        """Return a function that tells whether two items with close hashes are near-duplicates."""

        def same_look(first: str, second: str) -> bool:
            if first not in records or second not in records:
                return False
            a, b = records[first].item, records[second].item
            if a.product_type and b.product_type and a.product_type != b.product_type:
                return False  # two things of one room share its photo
            if not (a.has_photo and b.has_photo):
                return False
            if a.photo.sha256 == b.photo.sha256:
                return True
            if a.group and a.group == b.group:
                return False  # variants of a product are shown side by side
            try:
                return one_look(self._signature(a.photo.sha256), self._signature(b.photo.sha256))
            except ImageError:
                return False  # an unreadable photo is not folded

        return same_look

    def _signature(self, sha256: str) -> Signature:
        kept = self._recent.get(sha256)
        if kept is not None:
            return kept
        return self._recent.put(sha256, signature(self._photos.open(sha256)))


class PhotoColours:
    """Reads which colours photos' products have; keeps what was read.

    Args:
        photos: The catalogue's photos.
    """

    def __init__(self, photos: Photos) -> None:
        self._photos = photos
        self._recent: Recent[Mapping[str, float]] = Recent(_KEPT_COLOURS)

    def shares(self, sha256: str) -> Mapping[str, float]:
        """Return the share of each basic colour in a product; empty for an unreadable photo."""
        kept = self._recent.get(sha256)
        if kept is not None:
            return kept
        try:
            shares = colours.product_shares(self._photos.thumbnail(sha256))
        except ImageError:
            return {}
        named = dict(zip(colours.NAMES, map(float, shares), strict=True))
        return self._recent.put(sha256, named)
