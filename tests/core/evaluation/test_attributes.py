"""Zero-shot attributes: which columns count, and what is said of a value."""

from __future__ import annotations

import numpy as np
import pytest

from core.domain import Item, Photo
from core.errors import EvaluationError
from core.evaluation.attributes import classify, find, sentences_of

PHOTO = Photo("0" * 64, 10, 10, "0" * 16)


def items(column: str, *values: str, each: int = 5) -> list[Item]:
    return [
        Item(f"{value}-{n}", "T", PHOTO, product_type="Dress", attributes={column: value})
        for value in values
        for n in range(each)
    ]


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("neckline", "neckline"), ("Neck_Type", "neckline"), ("sleeve length", "sleeve"),
        ("Collar", "collar"), ("dress_length", "length"), ("Print", "pattern"),
    ],
)  # fmt: skip
def test_the_papers_attributes_are_found_under_the_names_of_shops(column: str, name: str) -> None:
    (attribute,) = find(items(column, "one kind", "other kind"))
    assert (attribute.name, attribute.values) == (name, ("one kind", "other kind"))


def test_a_length_in_centimetres_is_nothing_to_see() -> None:
    with pytest.raises(EvaluationError, match="no column to classify"):
        find(items("length", "120 cm", "90 cm"))


def test_the_attributes_name_is_said_once() -> None:
    assert (
        sentences_of("sleeve", "short sleeve", "Dress")[0]
        == "a photo of a dress with short sleeves"
    )
    assert sentences_of("neckline", "v", "") == [
        "a photo of a product with v neckline", "a product with a v neckline",
        "a v-neckline product",
    ]  # fmt: skip
    assert sentences_of("collar", "collar", "Shirt")[0] == "a photo of a shirt with collar collar"


class Words:
    """An encoder whose vectors say how many words of a value are in a sentence."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        self.read += texts
        # one sentence of the ensemble is misleading, the mean of all is not
        rows = [
            [0.0, 1.0] if text == "a red dress" else [float("red" in text), float("blue" in text)]
            for text in texts
        ]
        return np.array(rows, np.float32)


def test_the_mean_of_the_sentences_decides() -> None:
    given = items("colour", "red", "blue")
    (attribute,) = find(given)
    by_id = {item.item_id: item for item in given}
    encoder = Words()
    pictures = np.array([[1.0, 0.2] if "red" in i else [0.2, 1.0] for i in by_id], np.float32)
    answers = classify(attribute, by_id, list(by_id), pictures, encoder)  # type: ignore[arg-type]
    assert answers == dict(attribute.truth)
    assert len(encoder.read) == 6, "three sentences for each of two values"
