"""Assign a unit to a variant by hashing; the same here, over HTTP and in the snippet for shops.

Each decision (holdout, slot of the group, traffic, variant) has a hash of its own, so that they are
independent of each other, and raising the traffic moves nobody to another variant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from core.experiments.model import Experiment, ExperimentKind, Variant

_MASK = 0xFFFFFFFF
_C1, _C2 = 0xCC9E2D51, 0x1B873593


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a unit gets.

    Attributes:
        variant: Its variant; ``None``: it does not take part and gets the baseline's engine.
        reason: Why it does not take part: ``holdout``, ``other experiment``, ``traffic`` or
            ``filter``; empty if it does.
    """

    variant: Variant | None
    reason: str = ""


def assign(
    experiment: Experiment, unit: str, attributes: Mapping[str, str] | None = None
) -> Assignment:
    """Return the variant of a unit, always the same for the same unit and salt.

    Args:
        experiment: The experiment; whether it runs is not looked at.
        unit: Id of the visitor, or of whatever is assigned.
        attributes: What the filters look at: device, country, product type …
    """
    group, salt = experiment.group, experiment.salt
    if share(f"holdout:{group or salt}", unit) < experiment.holdout:
        return Assignment(None, "holdout")
    low, high = experiment.slot
    if group and not low <= share(f"slot:{group}", unit) < high:
        return Assignment(None, "other experiment")
    if not _fits(experiment.filters, attributes or {}):
        return Assignment(None, "filter")
    if share(f"traffic:{salt}", unit) >= experiment.traffic:
        return Assignment(None, "traffic")
    if experiment.kind is ExperimentKind.INTERLEAVING:
        return Assignment(experiment.baseline)  # each list mixes all variants
    return Assignment(_chosen(experiment, share(f"variant:{salt}", unit)))


def share(purpose: str, unit: str) -> float:
    """Return a number from 0 (included) to 1 (not included), even over units."""
    return murmur3(f"{purpose}:{unit}".encode()) / 2**32


def murmur3(data: bytes, seed: int = 0) -> int:
    """Return MurmurHash3 (x86, 32 bits; Austin Appleby, public domain).

    Chosen because it takes few lines in JavaScript, too; it is no protection against guessing.
    """
    value, whole = seed, len(data) - len(data) % 4
    for start in range(0, whole, 4):
        value ^= _mixed(int.from_bytes(data[start : start + 4], "little"))
        value = ((value << 13 | value >> 19) * 5 + 0xE6546B64) & _MASK
    if whole < len(data):
        value ^= _mixed(int.from_bytes(data[whole:], "little"))
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & _MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & _MASK
    return value ^ value >> 16


def _mixed(block: int) -> int:
    block = block * _C1 & _MASK
    return (block << 15 | block >> 17) * _C2 & _MASK


def _chosen(experiment: Experiment, place: float) -> Variant:
    # Added one by one, as JavaScript does: `sum` rounds otherwise since Python 3.12.
    ends = list(accumulate(variant.weight for variant in experiment.variants))
    for variant, end in zip(experiment.variants, ends, strict=True):
        if place * ends[-1] < end:
            return variant
    return experiment.variants[-1]


def _fits(filters: Mapping[str, tuple[str, ...]], attributes: Mapping[str, str]) -> bool:
    return all(attributes.get(column, "") in wanted for column, wanted in filters.items())
