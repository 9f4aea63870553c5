"""Zero-shot attribute classification: predict the value of a column from the picture.

Each value becomes a sentence with the item's product type ("a photo of a red chair"); the sentence
closest to the picture vector gives the predicted value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.domain import Item
from core.errors import EvaluationError
from core.ports.encoder import Encoder
from core.store.vectors import Vectors

#: Fewest items per value, fewest and most values per attribute.
ITEMS_PER_VALUE, LEAST_VALUES, MOST_VALUES = 5, 2, 60
#: Attributes that a picture can show; others (brand, size …) are left out.
VISIBLE = (
    "colour",
    "pattern",
    "material",
    "gender",
    "usage",
    "season",
    "style",
    "shape",
    "neckline",
)
_SENTENCES = {
    "gender": "a photo of {kind} for {value}",
    "usage": "a photo of {kind} for {value} use",
    "season": "a photo of {kind} for {value}",
}
_PLAIN = "a photo of a {value} {kind}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column to classify.

    Attributes:
        name: The column.
        values: Its values, sorted.
        truth: Correct value per item id.
    """

    name: str
    values: tuple[str, ...]
    truth: Mapping[str, str]

    @property
    def majority(self) -> float:
        """Accuracy of always predicting the most frequent value."""
        return max(Counter(self.truth.values()).values()) / len(self.truth)

    @property
    def chance(self) -> float:
        """Accuracy of a uniformly random prediction."""
        return 1 / len(self.values)


def find(items: Sequence[Item]) -> tuple[Attribute, ...]:
    """Find the columns of a catalogue that can be classified.

    Raises:
        EvaluationError: No column can be classified.
    """
    attributes = []
    for name in VISIBLE:
        texts = {item.item_id: item.attributes.get(name, "").strip().lower() for item in items}
        # A list of values ("men; women") has no single correct value.
        counts = Counter(text for text in texts.values() if text and ";" not in text)
        values = tuple(sorted(v for v, count in counts.items() if count >= ITEMS_PER_VALUE))
        if LEAST_VALUES <= len(values) <= MOST_VALUES:
            truth = {item_id: text for item_id, text in sorted(texts.items()) if text in values}
            attributes.append(Attribute(name, values, truth))
    if not attributes:
        raise EvaluationError(
            "The catalogue has no column to classify: it needs colour, pattern, material, gender, "
            f"usage or the like, with two values that have {ITEMS_PER_VALUE} items each."
        )
    return tuple(attributes)


def classify(
    attribute: Attribute,
    items: Mapping[str, Item],
    ids: Sequence[str],
    vectors: Vectors,
    encoder: Encoder,
) -> dict[str, str]:
    """Predict the value of each item that has the attribute, by item id.

    Args:
        attribute: The attribute to classify.
        items: Items by id.
        ids: Item ids of the rows of ``vectors``.
        vectors: Picture vectors, ``[n, d] float32, L2-normalised``.
        encoder: The engine's encoder.
    """
    rows = [row for row, item_id in enumerate(ids) if item_id in attribute.truth]
    kinds = sorted({items[ids[row]].product_type for row in rows})
    sentences = [
        _sentence(attribute.name, value, kind) for kind in kinds for value in attribute.values
    ]
    words = encoder.encode_texts(sentences).reshape(len(kinds), len(attribute.values), -1)
    at = {kind: position for position, kind in enumerate(kinds)}
    answers: dict[str, str] = {}
    for row in rows:
        scores = words[at[items[ids[row]].product_type]] @ vectors[row]
        answers[ids[row]] = attribute.values[int(np.argmax(scores))]
    return answers


def _sentence(attribute: str, value: str, kind: str) -> str:
    pattern = _SENTENCES.get(attribute, _PLAIN)
    return pattern.format(value=value, kind=(kind or "product").lower())
