"""Team-draft interleaving and multileaving: mix the lists of engines, note who gave which item.

Radlinski, Kurup, Joachims: How does clickthrough data reflect retrieval quality? CIKM 2008.
Schuth, Sietsma, Whiteson, Lefortier, de Rijke: Multileaved comparisons. CIKM 2014.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.errors import ExperimentError

#: Team of an item that counts for nobody.
NOBODY = ""


class Draw(Protocol):
    """A source of chance, such as ``random.Random``."""

    def choice(self, seq: Sequence[str], /) -> str:
        """Return one of the values, each as likely as the others."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An item of a mixed list, and the variant that contributed it (its team)."""

    item_id: str
    team: str


def team_draft(
    rankings: Mapping[str, Sequence[str]], length: int, draw: Draw, *, shared: bool = False
) -> tuple[Slot, ...]:
    """Mix rankings by team draft; two of them are interleaved, more are multileaved.

    The team with the fewest items picks next, chance decides between equals, and it takes its best
    item that is not in the list yet. As in the papers, picking ends when a ranking has nothing
    left: who picked on would collect more clicks by chance. The rest of the list is filled with
    items in turn that count for nobody, so that visitors miss nothing.

    In the papers, an item that all teams want as a round begins goes to the one that chance lets
    pick first. A click on it says nothing about the variants, so here it counts for nobody: the
    list stays the same, no team gains in the mean, and the verdict needs fewer visitors.

    Args:
        rankings: Variant → its item ids, best first.
        length: Most items of the mixed list.
        draw: The source of chance.
        shared: Give credit also for items that all teams want next, as in the papers.

    Raises:
        ExperimentError: There are fewer than two rankings.
    """
    if len(rankings) < 2:
        raise ExperimentError("Interleaving mixes the lists of two variants or more.")
    queues = {team: list(dict.fromkeys(items))[::-1] for team, items in rankings.items()}
    sizes = dict.fromkeys(queues, 0)
    mixed: dict[str, str] = {}
    agreed = False  # whether all teams wanted the same items in this round so far
    while len(mixed) < length:
        for queue in queues.values():
            while queue and queue[-1] in mixed:
                queue.pop()
        if not all(queues.values()):
            break
        least = min(sizes.values())
        team = draw.choice([name for name, size in sizes.items() if size == least])
        begins = least == max(sizes.values())  # a round, in which each team picks once
        agreed = (begins or agreed) and len({queue[-1] for queue in queues.values()}) == 1
        mixed[queues[team].pop()] = NOBODY if agreed and not shared else team
        sizes[team] += 1
    for item_id in _in_turn(list(queues.values())):
        if len(mixed) >= length:
            break
        mixed.setdefault(item_id, NOBODY)
    return tuple(Slot(item_id, team) for item_id, team in mixed.items())


def _in_turn(queues: Sequence[Sequence[str]]) -> list[str]:
    """Return what is left of all rankings, place by place."""
    longest = max(map(len, queues))
    rows = (
        [queue[-1 - place] for queue in queues if place < len(queue)] for place in range(longest)
    )
    return [item_id for row in rows for item_id in row]
