"""Recognise paintings and posters, whose photo shows the product from edge to edge.

Things painted on them are not for sale: cropping a "genre painting" to the map on its wall loses
the product. If the type names a flat picture and the photo looks like one, the whole photo is the
product.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: Words for a photo of a flat picture, and for a photo of a room where a picture hangs.
PICTURE_LOOKS = ("painting", "a painting", "oil painting", "drawing", "work of art")
ROOM_LOOKS = (
    "living room", "bedroom", "room", "interior of a room", "furniture",
    "a photo of a room with furniture",
)  # fmt: skip
#: Smallest difference between a photo's best cosine to ``PICTURE_LOOKS`` and to ``ROOM_LOOKS`` that
#: makes it a picture. Measured: at least -0.002 for 143 works of art, at most -0.156 for 60 rooms.
PICTURE_MARGIN = -0.05
#: Where the name of a product ends and something about it begins.
_ABOUT = re.compile(r",|\(|\bwith\b|\bof\b|\bin\b|\bfor\b|\bby\b|\bon\b|\bfrom\b", re.IGNORECASE)

Vectors = npt.NDArray[np.float32]


def names_picture(prompt: str, types: Sequence[str]) -> bool:
    """Tell whether a product type names a flat picture ("Portrait of a man", "Posters, set of 3").

    Args:
        prompt: The product type.
        types: Endings of such types, in the singular.
    """
    named = _ABOUT.split(prompt.strip().lower(), maxsplit=1)[0].strip()
    ends = tuple(types)
    return any(
        name == end or name.endswith((f" {end}", f"-{end}"))
        for name in (named, named.removesuffix("s"))
        for end in ends
    )


def looks_like_picture(photo: Vectors, pictures: Vectors, rooms: Vectors) -> bool:
    """Tell whether a photo is closer to a flat picture than to a room.

    Args:
        photo: ``[d] float32``, the whole photo's vector, L2-normalised.
        pictures: ``[n, d] float32``, vectors of :data:`PICTURE_LOOKS`.
        rooms: ``[m, d] float32``, vectors of :data:`ROOM_LOOKS`.
    """
    return float((pictures @ photo).max() - (rooms @ photo).max()) > PICTURE_MARGIN
