"""Recognise paintings and posters, whose photo shows the product from edge to edge.

Things painted on them are not for sale: cropping a "genre painting" to the map on its wall loses
the product. If the type names a flat picture and the photo looks like one, the whole photo is the
product.
"""

from __future__ import annotations

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
Vectors = npt.NDArray[np.float32]


def looks_like_picture(photo: Vectors, pictures: Vectors, rooms: Vectors) -> bool:
    """Tell whether a photo is closer to a flat picture than to a room.

    Args:
        photo: ``[d] float32``, the whole photo's vector, L2-normalised.
        pictures: ``[n, d] float32``, vectors of :data:`PICTURE_LOOKS`.
        rooms: ``[m, d] float32``, vectors of :data:`ROOM_LOOKS`.
    """
    return float((pictures @ photo).max() - (rooms @ photo).max()) > PICTURE_MARGIN
