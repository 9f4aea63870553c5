"""Team-draft interleaving and multileaving, on worked examples and over every draw."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ExperimentError
from core.experiments.interleaving import NOBODY, Slot, team_draft

#: The example of Radlinski, Kurup and Joachims: pages on Napa Valley.
NAPA = {
    "A": ["lodging", "wineries", "college", "tips", "vintners", "wikipedia"],
    "B": ["wikipedia", "lodging", "eden", "hotels", "napavalley.org", "marathon"],
}


class Script:
    """Draws what it was told, and counts how many ways there were."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = list(names)

    def choice(self, seq: Sequence[str]) -> str:
        return self.names.pop(0) if len(seq) > 1 else seq[0]


class Tree:
    """Walks through all draws; ``chance`` is the probability of the present one."""

    def __init__(self) -> None:
        self.path: list[list[int]] = []
        self.at, self.chance = 0, 1.0

    def choice(self, seq: Sequence[str]) -> str:
        if self.at == len(self.path):
            self.path.append([0, len(seq)])
        place, size = self.path[self.at]
        self.at, self.chance = self.at + 1, self.chance / size
        return seq[place]

    def next(self) -> bool:
        while self.path and self.path[-1][0] == self.path[-1][1] - 1:
            self.path.pop()
        if self.path:
            self.path[-1][0] += 1
        self.at, self.chance = 0, 1.0
        return bool(self.path)


def drafts(
    rankings: Mapping[str, Sequence[str]], length: int, *, shared: bool = False
) -> Iterator[tuple[tuple[Slot, ...], float]]:
    """Yield every mixed list and its probability."""
    tree = Tree()
    while True:
        mixed = team_draft(rankings, length, tree, shared=shared)
        yield mixed, tree.chance
        if not tree.next():
            return


def test_the_papers_example() -> None:
    mixed = team_draft(NAPA, 7, Script("ABBB"))
    assert [(slot.item_id, slot.team) for slot in mixed] == [
        ("lodging", "A"), ("wikipedia", "B"), ("eden", "B"), ("wineries", "A"),
        ("hotels", "B"), ("college", "A"), ("napavalley.org", "B"),
    ]  # fmt: skip


def test_two_lists_of_three_over_every_draw() -> None:
    """1 2 3 against 2 3 1: worked out by hand."""
    rankings = {"A": ["1", "2", "3"], "B": ["2", "3", "1"]}
    chances: dict[tuple[str, ...], float] = {}
    for mixed, chance in drafts(rankings, 3, shared=True):
        key = tuple(slot.item_id + slot.team for slot in mixed)
        chances[key] = chances.get(key, 0) + chance
    assert chances == {  # 1 and 2 differ at first; then both want 3
        ("1A", "2B", "3A"): 0.25,
        ("1A", "2B", "3B"): 0.25,
        ("2B", "1A", "3A"): 0.25,
        ("2B", "1A", "3B"): 0.25,
    }


def test_multileaving_takes_one_item_per_team_and_round() -> None:
    rankings = {"A": ["1", "2", "3"], "B": ["1", "3", "2"], "C": ["4", "1", "5"]}
    for mixed, _ in drafts(rankings, 3):
        assert sorted(slot.team for slot in mixed) == ["A", "B", "C"]
        assert mixed[0].item_id in ("1", "4")


def test_an_item_that_all_want_next_counts_for_nobody() -> None:
    rankings = {"A": ["1", "2", "3", "4"], "B": ["1", "2", "5", "6"]}
    teams: dict[str, set[str]] = {}
    for mixed, _ in drafts(rankings, 4):
        for slot in mixed:
            teams.setdefault(slot.item_id, set()).add(slot.team)
    assert teams == {"1": {NOBODY}, "2": {NOBODY}, "3": {"A"}, "5": {"B"}}


def test_an_item_that_only_the_rest_wants_still_counts() -> None:
    rankings = {"A": ["1", "2"], "B": ["3", "2"]}
    last = {mixed[2].team for mixed, _ in drafts({**rankings, "A": ["1", "2", "4"]}, 3)}
    assert last == {NOBODY}  # a new round, and both want 2
    middle = {mixed[1].team for mixed, _ in drafts({"A": ["1", "2"], "B": ["1", "3"]}, 2)}
    assert middle == {"A", "B"}


def test_who_gets_credit_does_not_change_the_lists() -> None:
    chances = []
    for shared in (True, False):
        lists: dict[tuple[str, ...], float] = {}
        for mixed, chance in drafts(NAPA | {"C": NAPA["A"]}, 4, shared=shared):
            key = tuple(slot.item_id for slot in mixed)
            lists[key] = lists.get(key, 0) + chance
        chances.append(lists)
    assert chances[0] == pytest.approx(chances[1])


def test_picking_ends_with_the_shorter_ranking_and_the_rest_counts_for_nobody() -> None:
    rankings = {"A": ["1"], "B": ["2", "3", "4", "5"]}
    for mixed, _ in drafts(rankings, 4):
        assert {slot.item_id for slot in mixed} >= {"1", "2", "3"}
        assert len(mixed) == 4
        teams = [slot.team for slot in mixed]
        assert abs(teams.count("A") - teams.count("B")) <= 1
        assert teams[-1] == NOBODY


def test_a_random_click_favours_nobody() -> None:
    """Whoever clicks without reading gives each team the same credit, whatever the lists."""
    clicks = [0.5, 0.3, 0.1, 0.05]
    three = {"A": ["1", "2", "5"], "B": ["1", "3", "5"], "C": ["1", "2", "6"]}
    two = {"A": ["1", "2", "3", "4"], "B": ["1", "3", "2", "4"]}
    for rankings, shared in product((NAPA, two, three), (True, False)):
        credit = dict.fromkeys(rankings, 0.0)
        for mixed, chance in drafts(rankings, 4, shared=shared):
            for slot, click in zip(mixed, clicks, strict=False):
                if slot.team:
                    credit[slot.team] += chance * click
        assert all(a == pytest.approx(b) for a, b in pairwise(credit.values()))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=2, max_size=5),
    st.integers(0, 10),
    st.integers(0, 99),
)
def test_a_mixed_list_shows_each_item_once_and_as_many_as_there_are(
    lists: list[list[str]], length: int, seed: int
) -> None:
    rankings = {str(number): items for number, items in enumerate(lists)}
    mixed = team_draft(rankings, length, random.Random(seed))
    shown = [slot.item_id for slot in mixed]
    assert len(set(shown)) == len(shown) == min(length, len({i for part in lists for i in part}))
    for slot in mixed:
        assert slot.team == NOBODY or slot.item_id in rankings[slot.team]


def test_one_list_is_not_mixed() -> None:
    with pytest.raises(ExperimentError, match="two variants"):
        team_draft({"A": ["1"]}, 5, random.Random(1))
