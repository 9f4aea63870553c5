"""How visitors read a list and what they click: models that simulation draws from.

Position-based: who looks at a place depends on the place only (Craswell, Zoeter, Taylor, Ramsey:
An experimental comparison of click position-bias models, WSDM 2008). Cascade: visitors read from
the top and leave when satisfied (the same paper; several clicks as in Guo, Liu, Wang: Efficient
multiple-click models, WSDM 2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class ClickModel(Protocol):
    """Draws the clicks of many searches at once."""

    def clicks(self, attraction: Floats, satisfied: Floats, rng: np.random.Generator) -> Flags:
        """Return which items are clicked, ``[n, k]``.

        Args:
            attraction: Probability of a click if the item is looked at, ``[n, k]``.
            satisfied: Probability that the visitor leaves after clicking it, ``[n, k]``.
            rng: The source of chance.
        """


@dataclass(frozen=True, slots=True)
class PositionBased:
    """Visitors look at place r with probability r^−steepness, whatever stands there."""

    steepness: float = 1.0

    def looks(self, places: int) -> Floats:
        """Return the probability of looking at each place, ``[k]``, the first one 1."""
        return np.arange(1, places + 1, dtype=np.float64) ** -self.steepness

    def clicks(self, attraction: Floats, satisfied: Floats, rng: np.random.Generator) -> Flags:
        """Return which items are clicked, ``[n, k]``; nobody leaves early."""
        chance = attraction * self.looks(attraction.shape[1])
        return np.asarray(rng.random(attraction.shape) < chance)


@dataclass(frozen=True, slots=True)
class Cascade:
    """Visitors read from the top; after each item they go on with probability ``patience``."""

    patience: float = 0.85

    def clicks(self, attraction: Floats, satisfied: Floats, rng: np.random.Generator) -> Flags:
        """Return which items are clicked, ``[n, k]``."""
        searches, places = attraction.shape
        clicked = np.zeros((searches, places), bool)
        reading = np.ones(searches, bool)
        draws = rng.random((3, searches, places))
        for place in range(places):
            clicked[:, place] = reading & (draws[0, :, place] < attraction[:, place])
            leaves = clicked[:, place] & (draws[1, :, place] < satisfied[:, place])
            reading &= ~leaves & (draws[2, :, place] < self.patience)
        return clicked


#: Click models by the name that people choose.
MODELS: Mapping[str, ClickModel] = {"cascade": Cascade(), "position": PositionBased()}


@dataclass(frozen=True, slots=True)
class Taste:
    """What visitors do with an item that they look at, by its grade (0 to 1 of the scale).

    The numbers stand for the steps of a scale with four grades and are interpolated between them.
    They are assumptions of this project, shaped so that a shop's usual rates come out: of 100
    searches some 35 to 50 have a click, 4 to 6 a cart, 1 to 2 a purchase.
    """

    click: tuple[float, ...] = (0.02, 0.06, 0.16, 0.32)
    satisfied: tuple[float, ...] = (0.05, 0.15, 0.4, 0.7)
    cart: tuple[float, ...] = (0.01, 0.04, 0.12, 0.2)
    purchase: tuple[float, ...] = (0.2, 0.25, 0.35, 0.4)

    def at(self, action: str, grades: Floats) -> Floats:
        """Return the probability of an action (a field's name) at each grade, 0 to 1."""
        steps = np.asarray(getattr(self, action), np.float64)
        return np.asarray(np.interp(grades, np.linspace(0, 1, len(steps)), steps))
