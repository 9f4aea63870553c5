"""Near-duplicates by perceptual hash."""

from __future__ import annotations

from collections.abc import Iterable

#: Hashes that differ in at most this many of their 64 bits show the same picture.
MAX_DISTANCE = 6


def distance(first: str, second: str) -> int:
    """Hamming distance of two perceptual hashes in hexadecimal digits."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def fold(ranked: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Fold ``(id, phash)`` pairs, best first: the best of each group → the ids folded under it."""
    groups: dict[str, list[str]] = {}
    leaders: list[tuple[str, int]] = []
    for name, phash in ranked:
        bits = int(phash, 16)
        for leader, leader_bits in leaders:
            if (bits ^ leader_bits).bit_count() <= MAX_DISTANCE:
                groups[leader].append(name)
                break
        else:
            leaders.append((name, bits))
            groups[name] = []
    return groups
