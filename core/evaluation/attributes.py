"""Zero-shot attribute classification: which value of a column does the picture look most like?

Each value becomes a sentence ("a photo of a red chair"), and the picture vector's closest sentence
is the answer. The item's product type stands in the sentence, as a shop would know it.
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

#: A value needs this many items, and an attribute this many values (and at most so many).
ITEMS_PER_VALUE, LEAST_VALUES, MOST_VALUES = 5, 2, 60
#: Attributes that name something a picture can show; others (brand, size …) are left out.
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
        truth: Value per item id.
    """

    name: str
    values: tuple[str, ...]
    truth: Mapping[str, str]

    @property
    def majority(self) -> float:
        """Accuracy of always answering the most frequent value."""
        return max(Counter(self.truth.values()).values()) / len(self.truth)

    @property
    def chance(self) -> float:
        """Accuracy of guessing."""
        return 1 / len(self.values)


def find(items: Sequence[Item]) -> tuple[Attribute, ...]:
    """The columns of a catalogue that can be classified.

    Raises:
        EvaluationError: There is none.
    """
    found = []
    for name in VISIBLE:
        texts = {item.item_id: item.attributes.get(name, "").strip().lower() for item in items}
        # A list of values ("men; women") is no single right answer.
        counts = Counter(text for text in texts.values() if text and ";" not in text)
        values = tuple(sorted(v for v, count in counts.items() if count >= ITEMS_PER_VALUE))
        if LEAST_VALUES <= len(values) <= MOST_VALUES:
            truth = {item_id: text for item_id, text in sorted(texts.items()) if text in values}
            found.append(Attribute(name, values, truth))
    if not found:
        raise EvaluationError(
            "The catalogue has no column to classify: it needs colour, pattern, material, gender, "
            f"usage or the like, with two values that have {ITEMS_PER_VALUE} items each."
        )
    return tuple(found)


def classify(
    attribute: Attribute,
    items: Mapping[str, Item],
    ids: Sequence[str],
    vectors: Vectors,
    encoder: Encoder,
) -> dict[str, str]:
    """The value that each item's picture looks most like, by item id.

    Args:
        attribute: What to classify.
        items: Items by id.
        ids: Names of the rows of ``vectors``.
        vectors: Picture vectors, ``[n, d] float32, L2-normalised``.
        encoder: The engine's.
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
