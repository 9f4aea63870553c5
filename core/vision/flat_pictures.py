"""Pictures as products: a painting's photo shows the painting from edge to edge.

What is painted on it is not for sale: cropping a "genre painting" to the map on its wall loses the
product. So where the type names a flat picture and the photo looks like one, the photo is it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: What a photo of a picture looks like, and a photo of a room where one hangs.
PICTURE_LOOKS = ("painting", "a painting", "oil painting", "drawing", "work of art")
ROOM_LOOKS = (
    "living room", "bedroom", "room", "interior of a room", "furniture",
    "a photo of a room with furniture",
)  # fmt: skip
#: A photo is a picture where it is closer to those looks than to rooms by this (cosine). Of 143
#: photos of works of art none is below -0.002, of 60 photos of furnished rooms none above -0.156.
PICTURE_MARGIN = -0.05
#: Where the name of a product ends and something about it begins.
_ABOUT = re.compile(r",|\(|\bwith\b|\bof\b|\bin\b|\bfor\b|\bby\b|\bon\b|\bfrom\b", re.IGNORECASE)

Vectors = npt.NDArray[np.float32]


def names_picture(prompt: str, types: Sequence[str]) -> bool:
    """Does a product type name a flat picture ("Portrait of a man", "Posters, set of 3")?

    Args:
        prompt: The product type.
        types: What such types end with, in the singular.
    """
    named = _ABOUT.split(prompt.strip().lower(), maxsplit=1)[0].strip()
    ends = tuple(types)
    return any(
        name == end or name.endswith((f" {end}", f"-{end}"))
        for name in (named, named.removesuffix("s"))
        for end in ends
    )


def looks_like_picture(photo: Vectors, pictures: Vectors, rooms: Vectors) -> bool:
    """Is the photo closer to a picture's looks than to a room's?

    Args:
        photo: ``[d] float32``, the whole photo's vector, L2-normalised.
        pictures: ``[n, d] float32``, vectors of :data:`PICTURE_LOOKS`.
        rooms: ``[m, d] float32``, vectors of :data:`ROOM_LOOKS`.
    """
    return float((pictures @ photo).max() - (rooms @ photo).max()) > PICTURE_MARGIN
