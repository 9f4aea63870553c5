"""Near-duplicates: items whose photos are the same or look the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

#: Hashes that differ in at most this many of their 64 bits show the same picture.
MAX_DISTANCE = 6


def distance(first: str, second: str) -> int:
    """Return the Hamming distance of two perceptual hashes in hexadecimal digits."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def fold(
    ranked: Iterable[tuple[str, str]], same_look: Callable[[str, str], bool] | None = None
) -> dict[str, list[str]]:
    """Group near-duplicates; return the best id of each group → the ids folded under it.

    Args:
        ranked: Pairs ``(id, perceptual hash)``, best first.
        same_look: Called for two ids with close hashes, because hashes ignore colour.
    """
    groups: dict[str, list[str]] = {}
    leaders: list[tuple[str, int]] = []
    for name, phash in ranked:
        if not phash:  # an item without a photo looks like no other
            groups[name] = []
            continue
        bits = int(phash, 16)
        for leader, leader_bits in leaders:
            near = (bits ^ leader_bits).bit_count() <= MAX_DISTANCE
            if near and (same_look is None or same_look(leader, name)):
                groups[leader].append(name)
                break
        else:
            leaders.append((name, bits))
            groups[name] = []
    return groups


def neighbours(hashed: Iterable[tuple[str, str]]) -> list[str]:
    """Return the ids of ``(id, phash)`` pairs whose hash is close to another pair's."""
    pairs = [pair for pair in hashed if pair[1]]
    bits = np.array([int(phash, 16) for _, phash in pairs], dtype=np.uint64)
    close = np.bitwise_count(bits[:, None] ^ bits[None, :]) <= MAX_DISTANCE
    return [name for (name, _), row in zip(pairs, close, strict=True) if row.sum() > 1]
