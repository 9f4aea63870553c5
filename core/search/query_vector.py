"""Turn a query into one vector."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from core.domain import Box, Query
from core.errors import QueryError
from core.ports.encoder import Encoder, ReadsLanguages, encode_queries
from core.store.vectors import Vectors

#: Weight of the subtracted text's vector.
MINUS_WEIGHT = 0.5
#: Characters of a text that reach the encoder. Text towers read less than a hundred tokens, but
#: their tokenizers go through all that they get: seconds for a text of a megabyte.
MOST_CHARACTERS = 4_000


def embed_query(
    query: Query,
    encoder: Encoder,
    picture_vector: Callable[[Image.Image], Vectors],
    item_vector: Callable[[str], Vectors],
    item_photo: Callable[[str], Image.Image],
) -> Vectors:
    """Embed a query: ``[d] float32, L2-normalised``.

    Text, picture and item give a normalised vector each; the query is their mean, normalised
    again. The vector of ``query.minus`` is subtracted with weight ``MINUS_WEIGHT``. An item
    without a region uses its stored vector, so it needs no model.

    Args:
        query: The query.
        encoder: The engine's encoder.
        picture_vector: What the encoder makes of one picture.
        item_vector: The stored picture vector of an item.
        item_photo: The stored photo of an item.

    Raises:
        QueryError: There is nothing to look for, or the region lies outside the picture.
    """
    parts: list[Vectors] = []
    if query.text.strip():
        parts.append(words_vector(encoder, query.text, query.language))
    if query.image is not None:
        parts.append(picture_vector(_region(query.image, query.region)))
    if query.item_id:
        if query.region is not None and query.image is None:
            cut = _region(item_photo(query.item_id), query.region)
            parts.append(picture_vector(cut))
        else:
            parts.append(item_vector(query.item_id))
    if not parts:
        raise QueryError("There is nothing to look for: type some words or give a picture.")
    vector = _normalised(np.mean(parts, axis=0))
    if query.minus.strip():
        minus = words_vector(encoder, query.minus, query.language)
        vector = _normalised(vector - MINUS_WEIGHT * minus)
    return vector


def words_vector(encoder: Encoder, text: str, language: str) -> Vectors:
    """Embed words, in their language where the encoder reads several: ``[d] float32``."""
    (vector,) = encode_queries(encoder, [text.strip()[:MOST_CHARACTERS]], language)
    words: Vectors = vector
    return words


def language_read(query: Query, encoder: Encoder) -> str:
    """Return the language that a query's words are read in; empty where there is no choice."""
    if not query.text.strip() or not isinstance(encoder, ReadsLanguages):
        return ""
    return query.language or encoder.language_of(query.text.strip()[:MOST_CHARACTERS])


def _region(image: Image.Image, region: Box | None) -> Image.Image:
    if region is None:
        return image
    inside = Box.clipped(*region.as_xyxy(), *image.size)
    if inside is None:
        raise QueryError("The chosen region lies outside the picture. Choose it again.")
    return image.crop(inside.as_xyxy())


def _normalised(vector: Vectors) -> Vectors:
    length = float(np.linalg.norm(vector))
    if length == 0:
        raise QueryError("The words to leave out take away all there was. Leave out less.")
    return (vector / length).astype(np.float32)
