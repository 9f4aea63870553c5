"""A query as one vector: what is embedded, in which language, and how parts are put together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.domain import Box, Query
from core.errors import QueryError
from core.search.query_vector import (
    MINUS_WEIGHT,
    MOST_CHARACTERS,
    embed_query,
    language_read,
    words_vector,
)

X, Y, Z = np.eye(3, dtype=np.float32)
VECTORS = {"red": X, "sofa": Y, "item": Z, "picture": Y, "photo": X}


class Plain:
    """An encoder of one language that notes what it was given."""

    def __init__(self):
        self.texts = []

    def encode_texts(self, texts):
        self.texts += texts
        return np.stack([VECTORS.get(text, X) for text in texts])


class Polyglot(Plain):
    languages = ("de", "en")

    def language_of(self, text):
        self.texts.append(text)
        return "de"

    def encode_queries(self, texts, language=""):
        self.texts += [(text, language) for text in texts]
        return np.stack([VECTORS.get(text, X) for text in texts])


def embedded(query, encoder=None):
    sizes = []

    def picture(image):
        sizes.append(image.size)
        return Y

    vector = embed_query(
        query, encoder or Plain(), picture, lambda name: {"i": Z}[name],
        lambda name: {"i": Image.new("RGB", (40, 30))}[name],
    )  # fmt: skip
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1)
    return vector.tolist(), sizes


def unit(*numbers):
    return pytest.approx(list(np.array(numbers) / np.linalg.norm(numbers)))


PICTURE, REGION = Image.new("RGB", (20, 10)), Box(2, 3, 8, 9)


@pytest.mark.parametrize(
    ("query", "vector", "sizes"),
    [
        (Query(" red "), (1, 0, 0), []),
        (Query(image=PICTURE), (0, 1, 0), [(20, 10)]),
        (Query(image=PICTURE, region=REGION), (0, 1, 0), [(6, 6)]),
        (Query(image=PICTURE, region=Box(15, 5, 30, 30)), (0, 1, 0), [(5, 5)]),
        (Query(item_id="i"), (0, 0, 1), []),
        (Query(item_id="i", region=REGION), (0, 1, 0), [(6, 6)]),
        (Query(item_id="i", image=PICTURE, region=REGION), (0, 1, 1), [(6, 6)]),
        (Query("red", image=PICTURE, item_id="i"), (1, 1, 1), [(20, 10)]),
        (Query("red", item_id="i"), (1, 0, 1), []),
        (Query("red", minus=" sofa "), (1, -MINUS_WEIGHT, 0), []),
        (Query("red", item_id="i", minus="sofa"), (0.5**0.5, -MINUS_WEIGHT, 0.5**0.5), []),
        (Query("red", minus="  "), (1, 0, 0), []),
    ],
)
def test_parts_are_averaged_and_unwanted_words_subtracted(query, vector, sizes):
    assert embedded(query) == (unit(*vector), sizes)


def test_nothing_to_look_for_and_nothing_left_are_said(monkeypatch):
    for query in (Query(), Query("  "), Query(minus="red")):
        with pytest.raises(QueryError, match="nothing to look for"):
            embedded(query)
    monkeypatch.setattr("core.search.query_vector.MINUS_WEIGHT", 1.0)
    with pytest.raises(QueryError, match="take away all"):
        embedded(Query("red", minus="red"))
    with pytest.raises(QueryError, match="outside the picture"):
        embedded(Query(image=PICTURE, region=Box(20, 0, 30, 5)))


def test_words_reach_the_encoder_trimmed_cut_and_in_their_language():
    encoder = Polyglot()
    embedded(Query(" red ", minus=" sofa ", language="fr"), encoder)
    assert encoder.texts == [("red", "fr"), ("sofa", "fr")]
    encoder = Plain()
    embedded(Query(" " + "x" * 5000, minus="y" * 5000), encoder)
    assert encoder.texts == ["x" * MOST_CHARACTERS, "y" * MOST_CHARACTERS]
    assert words_vector(Polyglot(), "sofa", "").tolist() == Y.tolist()


def test_a_language_is_given_or_found_where_there_is_a_choice():
    query, encoder = Query(" " + "x" * 5000), Polyglot()
    assert language_read(query, encoder) == "de"
    assert encoder.texts == ["x" * MOST_CHARACTERS]
    assert language_read(replace(query, language="fr"), encoder) == "fr"
    assert language_read(query, Plain()) == ""
    assert language_read(Query("  ", language="fr"), encoder) == ""
