"""Read what people type when they set an experiment up: weights and filters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from core.errors import ExperimentError, no_such


def words_of(text: str) -> tuple[str, ...]:
    """Return the parts of a text between commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def pairs_of(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return name and value of each text.

    Raises:
        ExperimentError: One is not NAME=VALUE.
    """
    pairs = []
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            raise ExperimentError(f"“{text[:60]}” is not NAME=VALUE.")
        pairs.append((name, value))
    return tuple(pairs)


def filters_of(texts: str | Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return column → wanted values: ``device=mobile, device=tablet``.

    Args:
        texts: One text with commas, or one for each value, which may have commas then.

    Raises:
        ExperimentError: A part is not NAME=VALUE.
    """
    filters: dict[str, tuple[str, ...]] = {}
    for name, value in pairs_of(words_of(texts) if isinstance(texts, str) else texts):
        filters[name] = (*filters.get(name, ()), value)
    return filters


def numbers_of(text: str) -> dict[str, float]:
    """Return name → number: ``a=3, b=1``.

    Raises:
        ExperimentError: A part is not NAME=NUMBER.
    """
    try:
        return {name: float(value) for name, value in pairs_of(words_of(text))}
    except ValueError:
        raise ExperimentError("Shares are numbers: NAME=3,NAME=1.") from None


def weights_of(text: str, names: Sequence[str]) -> Mapping[str, float]:
    """Return the weight of each variant; one that is not named has 1.

    Args:
        text: ``a=3, b=1``; empty: all alike.
        names: Names of the variants.

    Raises:
        ExperimentError: A part is not NAME=NUMBER, a number is not above 0, or there is no such
            variant.
    """
    given = numbers_of(text)
    for name, weight in given.items():
        if name not in names:
            raise no_such(ExperimentError, "variant", name[:60], names)
        if not math.isfinite(weight) or weight <= 0:
            raise ExperimentError(f"The share of “{name}” is a number above 0.")
    return {name: given.get(name, 1.0) for name in names}
