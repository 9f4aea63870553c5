"""Choose the next pairs of each annotator."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from core.domain import (
    EventKind,
    JudgmentEvent,
    Pair,
    Rules,
    Task,
)
from core.judging.final_labels import is_final
from core.judging.state import PairKey, SetState, TaskKey

#: Fewest further pairs before a hidden repeat …
REPEAT_AFTER = 20
#: … and the fewest when nothing else is left.
REPEAT_AFTER_AT_END = 3

_NONE: Mapping[PairKey, set[str]] = {}


@dataclass(frozen=True, slots=True)
class Hand:
    """The pairs that an annotator gets.

    Attributes:
        tasks: Pairs to judge.
        waiting: Number of further pairs that others hold at present.
        elsewhere: Number of further pairs that this annotator has in other tabs.
    """

    tasks: tuple[Task, ...]
    waiting: int = 0
    elsewhere: int = 0


def deal(
    ordered: Sequence[Pair],
    state: SetState,
    rules: Rules,
    annotator: str,
    count: int,
    leased: Mapping[PairKey, set[str]] = _NONE,
    without: Collection[TaskKey] = (),
    one_query: bool = False,
    first: str = "",
    elsewhere: Collection[TaskKey] = (),
    seed: bytes = b"",
    graded: bool = False,
) -> Hand:
    """Return an annotator's next pairs: the least judged first, skipped pairs last.

    Calibration pairs, which everybody judges, come with the pair that follows them in the order:
    else their place would tell them from the others.

    Args:
        ordered: The annotator's own order (``pair_order.Order``).
        state: All events of the set.
        rules: Overlap target, calibration pairs, share of repeats.
        annotator: Name of the annotator.
        count: Largest number of pairs.
        leased: The present holders of each pair.
        without: Query id, item id and round of tasks that the annotator has already.
        one_query: Return only pairs of the next query, as the grid shows them; some new pairs and
            all hidden repeats come at the end.
        first: Id of the query whose pairs come first.
        elsewhere: Tasks that the annotator has in other tabs.
        seed: What the sample of hidden repeats is drawn with, which nobody else knows.
        graded: The set came with its grades (``final_labels``).
    """
    asked = _Asked(
        state, rules, annotator, count, leased, {*without, *elsewhere}, one_query, first, seed,
        graded,
    )  # fmt: skip
    if first:
        ordered = sorted(ordered, key=lambda pair: pair.query.query_id != first)
    open_pairs = _open_pairs(ordered, asked)
    new = open_pairs.new()
    repeats, put_off = _repeats(ordered, asked, REPEAT_AFTER if new else REPEAT_AFTER_AT_END)
    later = [*open_pairs.later(state.current(annotator)), *put_off]
    if one_query:
        soon = new or _shuffled(open_pairs.last, repeats, annotator, seed)
        dealt = _of_first_query([*soon, *later])
    else:
        dealt = [*_mixed(new, repeats, rules, annotator, count, seed), *later]
    return Hand(tuple(dealt[: max(count, 0)]), open_pairs.waiting, _unjudged(elsewhere, asked))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What ``deal`` is asked for."""

    state: SetState
    rules: Rules
    annotator: str
    count: int
    leased: Mapping[PairKey, set[str]]
    without: Collection[TaskKey]
    one_query: bool
    first: str
    seed: bytes
    graded: bool


@dataclass(slots=True)
class _OpenPairs:
    """Pairs that an annotator has not judged, as far as enough of them are known.

    Attributes:
        by_people: New pairs by the number of other people who have or had them; -1 are those of
            the query that comes first.
        skipped: Pairs that the annotator put off.
        last: New pairs that come after all queries.
        waiting: Number of pairs that others hold.
    """

    by_people: dict[int, list[Task]] = field(default_factory=dict)
    skipped: list[Task] = field(default_factory=list)
    last: list[Task] = field(default_factory=list)
    waiting: int = 0

    def new(self) -> list[Task]:
        """Return the new pairs, the least judged first."""
        return [task for people in sorted(self.by_people) for task in self.by_people[people]]

    def later(self, mine: Mapping[PairKey, JudgmentEvent]) -> list[Task]:
        """Return the pairs that were put off, the first one first."""
        return sorted(self.skipped, key=lambda task: mine[task.pair.key].at)

    def is_enough(self, count: int) -> bool:
        """Tell whether there are so many pairs that no later one comes before."""
        return sum(len(self.by_people.get(people, ())) for people in (-1, 0)) >= count


def _open_pairs(ordered: Sequence[Pair], asked: _Asked) -> _OpenPairs:
    """Return the pairs that the annotator may get; looks at no more than are needed."""
    mine, rules = asked.state.current(asked.annotator), asked.rules
    result, people = _OpenPairs(), 0
    beside: list[Task] = []  # calibration pairs that come with the next pair
    for pair in ordered:
        key = pair.key
        label = mine.get(key)
        if label is not None and label.kind is not EventKind.SKIP:
            continue
        if is_final(rules, asked.state, asked.annotator, key, asked.graded):
            continue
        graders = asked.state.graders(key)
        others = _others(key, graders, asked)
        if rules.overlap and key not in rules.calibration:
            if len(graders) >= rules.overlap:
                continue
            if others >= rules.overlap:
                result.waiting += 1
                continue
        if (*key, 0) in asked.without:
            continue
        if label is not None:
            result.skipped.append(Task(pair, note=label.note))
            continue
        if asked.one_query and _comes_last(rules, asked.annotator, key, asked.seed):
            result.last.append(Task(pair))
            continue
        beside.append(Task(pair))
        is_first = pair.query.query_id == asked.first
        if key in rules.calibration and not is_first:
            continue
        people = -1 if is_first else others
        result.by_people.setdefault(people, []).extend(beside)
        beside.clear()
        if people <= 0 and result.is_enough(asked.count):
            break
    result.by_people.setdefault(max(people, 0), []).extend(beside)
    return result


def _others(key: PairKey, graders: AbstractSet[str], asked: _Asked) -> int:
    """Return how many other people have graded a pair or hold it."""
    holders = asked.leased.get(key)
    people = graders | holders if holders else graders
    return len(people) - (asked.annotator in people)


def _repeats(ordered: Sequence[Pair], asked: _Asked, soonest: int) -> tuple[list[Task], list[Task]]:
    """Return the hidden repeats that are due, and those that were put off."""
    due = due_repeats(
        ordered, asked.state, asked.rules, asked.annotator, soonest, asked.without, asked.seed
    )
    again = asked.state.repeated(asked.annotator)
    put_off = [
        replace(task, note=again[task.pair.key].note) for task in due if task.pair.key in again
    ]
    return [task for task in due if task.pair.key not in again], put_off


def _of_first_query(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks that have the same query as the first one."""
    return [task for task in tasks if task.pair.query.query_id == tasks[0].pair.query.query_id]


def _unjudged(elsewhere: Collection[TaskKey], asked: _Asked) -> int:
    """Return how many of the tasks in other tabs are still to be judged."""
    rounds = asked.state.current(asked.annotator), asked.state.repeated(asked.annotator)
    return sum(
        rounds[1 if number else 0].get((query_id, item_id)) is None
        for query_id, item_id, number in elsewhere
    )


def _mixed(
    tasks: Sequence[Task], repeats: Sequence[Task], rules: Rules, annotator: str, count: int,
    seed: bytes,
) -> list[Task]:  # fmt: skip
    """Return new pairs with some repeats among them, at places that differ from hand to hand.

    There are as many as the share of repeats asks for, one at least and half of the hand at most:
    else many would be left over for the end.
    """
    if not tasks or not repeats:
        return [*tasks, *repeats]
    some = repeats[: max(1, min(round(rules.repeats * count), count // 2))]
    hand = list(tasks[: max(count - len(some), 0)])
    for task in some:
        hand.insert(_digest(annotator, task.pair.key, seed)[4] % (len(hand) + 1), task)
    return hand


def _shuffled(
    last: Sequence[Task], repeats: Sequence[Task], annotator: str, seed: bytes
) -> list[Task]:
    """Return the new pairs that were kept to the end and the repeats, query after query.

    Their places come from bytes that decide neither which pairs come again nor which come last.
    """
    return sorted(
        [*last, *repeats],
        key=lambda task: [
            _digest(annotator, key, seed)[9:]
            for key in ((task.pair.query.query_id, ""), task.pair.key)
        ],
    )


def due_repeats(
    ordered: Sequence[Pair],
    state: SetState,
    rules: Rules,
    annotator: str,
    soonest: int,
    without: Collection[TaskKey] = (),
    seed: bytes = b"",
) -> list[Task]:
    """Return the hidden repeats that are due: sampled pairs that were graded long enough ago.

    Those that were put off are among them; decided ones are not, since the decision may be read.
    """
    if not rules.repeats:
        return []
    mine, again = state.current(annotator), state.repeated(annotator)
    return [
        Task(pair, round=1)
        for pair in ordered
        if (label := mine.get(pair.key)) is not None
        and label.kind is EventKind.GRADE
        and not is_final(rules, state, annotator, pair.key)
        and not state.is_decided(pair.key)
        and is_to_judge(again.get(pair.key))
        and is_repeat(rules, annotator, pair.key, seed)
        and state.turns_since(annotator, pair.key) >= soonest
        and (*pair.key, 1) not in without
    ]


def is_to_judge(second: JudgmentEvent | None) -> bool:
    """Tell whether a repeat is still to be judged: it was not, or it was put off."""
    return second is None or second.kind is EventKind.SKIP


def is_repeat(rules: Rules, annotator: str, pair: PairKey, seed: bytes = b"") -> bool:
    """Tell whether a pair belongs to this annotator's sample of hidden repeats.

    Without the seed, which differs from set to set, nobody can compute the sample.
    """
    digest = _digest(annotator, pair, seed)
    return int.from_bytes(digest[:4], "big") < rules.repeats * 2**32


def _comes_last(rules: Rules, annotator: str, pair: PairKey, seed: bytes) -> bool:
    """Tell whether a pair comes after all queries where a query's pairs are judged at once.

    About as many pairs do as come again. If none did, a query that comes back would tell that its
    pairs are repeats.
    """
    late = int.from_bytes(_digest(annotator, pair, seed)[5:9], "big") < rules.repeats * 2**32
    return late and not is_repeat(rules, annotator, pair, seed)


def _digest(annotator: str, pair: PairKey, seed: bytes) -> bytes:
    return hashlib.sha256(seed + "\x1f".join((annotator, *pair)).encode()).digest()
