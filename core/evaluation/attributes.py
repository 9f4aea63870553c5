"""Zero-shot attribute classification: predict the value of a column from the picture.

Each value becomes a few sentences with the item's product type ("a photo of a red chair", "a red
chair"); their mean vector stands for the value (a prompt ensemble, as in CLIP's paper). The value
closest to the picture vector is predicted. The VL-CLIP paper names attributes of clothes (neckline,
pattern, sleeve …), but not its sentences.
"""

from __future__ import annotations

import re
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
    "collar",
    "sleeve",
    "length",
)
#: Endings that shops add to the name of a column: ``neck_type``, ``sleeve length``.
_NAMES = {
    "neckline": ("neck", "neck type", "neck style", "neckline type"),
    "collar": ("collar type", "collar style"),
    "sleeve": ("sleeves", "sleeve length", "sleeve type", "sleeve style"),
    "length": ("garment length", "dress length", "item length type"),
    "pattern": ("pattern type", "print"),
}
_FOR = ("a photo of {kind} for {value}", "{kind} for {value}", "a product photo: {kind}, {value}")
_WITH = (
    "a photo of a {kind} with {value} {name}",
    "a {kind} with a {value} {name}",
    "a {value}-{name} {kind}",
)
_PLAIN = (
    "a photo of a {value} {kind}",
    "a {value} {kind}",
    "a product photo of a {value} {kind} on a white background",
)
#: Sentences of an ensemble, by attribute.
_SENTENCES = {
    "gender": _FOR,
    "season": _FOR,
    "usage": ("a photo of {kind} for {value} use", "{kind} for {value} use"),
    "pattern": (*_PLAIN, "a photo of a {kind} with a {value} pattern"),
    "material": (*_PLAIN, "a photo of a {kind} made of {value}"),
    "neckline": _WITH,
    "collar": _WITH,
    "sleeve": ("a photo of a {kind} with {value} sleeves", "a {kind} with {value} sleeves"),
    "length": ("a photo of a {value} length {kind}", "a {value} {kind}", "a {value}-length {kind}"),
}
#: A measure in centimetres is no visible kind of length.
_NUMBER = re.compile(r"\d")


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
        texts = {item.item_id: _value(item, name) for item in items}
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
        sentence
        for kind in kinds
        for value in attribute.values
        for sentence in sentences_of(attribute.name, value, kind)
    ]
    each = len(sentences) // (len(kinds) * len(attribute.values)) if kinds else 1
    read = encoder.encode_texts(sentences).reshape(len(kinds), len(attribute.values), each, -1)
    words = read.mean(axis=2)
    words /= np.linalg.norm(words, axis=-1, keepdims=True).clip(1e-12)
    at = {kind: position for position, kind in enumerate(kinds)}
    answers: dict[str, str] = {}
    for row in rows:
        scores = words[at[items[ids[row]].product_type]] @ vectors[row]
        answers[ids[row]] = attribute.values[int(np.argmax(scores))]
    return answers


def sentences_of(attribute: str, value: str, kind: str) -> list[str]:
    """Return the sentences that stand for a value together.

    The attribute's own name is not said twice: "short sleeve" becomes "with short sleeves".
    """
    shown = re.sub(rf"[\s-]*\b{attribute}s?\b$", "", value).strip() or value
    patterns = _SENTENCES.get(attribute, _PLAIN)
    noun = (kind or "product").lower()
    return [pattern.format(value=shown, kind=noun, name=attribute) for pattern in patterns]


def _value(item: Item, name: str) -> str:
    """Return the item's value of an attribute, lower case, whatever the shop calls the column."""
    columns = {re.sub(r"[\s_-]+", " ", key).strip().lower(): key for key in item.attributes}
    for column in (name, *_NAMES.get(name, ())):
        if column in columns:
            value = item.attributes[columns[column]].strip().lower()
            return "" if name == "length" and _NUMBER.search(value) else value
    return ""
