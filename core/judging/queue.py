"""Choose the next pairs of each annotator."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain import (
    EventKind,
    JudgmentEvent,
    JudgmentSet,
    Pair,
    Rules,
    Task,
)
from core.judging.final_labels import is_final
from core.judging.pool import shuffled
from core.judging.state import PairKey, SetState

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


def order(
    judgment_set: JudgmentSet, annotator: str, secret: bytes = b"", one_query: bool = False
) -> list[Pair]:
    """Return the set in this annotator's order: query after query.

    Where pairs come again without notice, some come later than their query (``_put_off``); where
    the pairs of one query are asked for, ``deal`` keeps such pairs to the end.

    The order in which pairs came into the set has no influence, and with the store's secret nobody
    can compute the annotator's order: so it doesn't tell which pairs were added later.
    """
    groups: dict[str, dict[str, Pair]] = {}
    for pair in judgment_set.pairs:
        groups.setdefault(pair.query.query_id, {})[pair.item_id] = pair
    seed = f"{secret.hex()}{judgment_set.set_id}/{annotator}"
    ordered = [
        groups[query_id][item_id]
        for query_id in shuffled(sorted(groups), seed)
        for item_id in shuffled(sorted(groups[query_id]), f"{seed}/{query_id}")
    ]
    return ordered if one_query else _put_off(ordered, judgment_set.rules.repeats, seed)


def _put_off(ordered: Sequence[Pair], share: float, seed: str) -> list[Pair]:
    """Move a share of the pairs to later places, each to one of its own.

    Hidden repeats come that late and about that often: if new pairs did not, a query that comes
    back for one pair would tell that this pair is a repeat.
    """
    draw = random.Random(hashlib.sha256(f"{seed}/later".encode()).digest())  # noqa: S311 (an order)
    places = [
        place + (REPEAT_AFTER + draw.randrange(REPEAT_AFTER) if draw.random() < share else 0)
        for place in range(len(ordered))
    ]
    return [ordered[place] for place in sorted(range(len(ordered)), key=places.__getitem__)]


def deal(
    ordered: Sequence[Pair],
    state: SetState,
    rules: Rules,
    annotator: str,
    count: int,
    leased: Mapping[PairKey, set[str]] = _NONE,
    without: Collection[tuple[str, str, int]] = (),
    one_query: bool = False,
    first: str = "",
    elsewhere: Collection[tuple[str, str, int]] = (),
    seed: bytes = b"",
    graded: bool = False,
) -> Hand:
    """Return an annotator's next pairs: the least judged first, skipped pairs last.

    Calibration pairs, which everybody judges, come with the pair that follows them in the order:
    else their place would tell them from the others.

    Args:
        ordered: The annotator's own ``order``.
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
    without = {*without, *elsewhere}
    mine = state.current(annotator)
    if first:
        ordered = sorted(ordered, key=lambda pair: pair.query.query_id != first)
    fresh: dict[int, list[Task]] = {}
    later: list[Task] = []
    last: list[Task] = []
    beside: list[Task] = []  # calibration pairs that come with the next pair
    tier, waiting = 0, 0
    for pair in ordered:
        key = pair.key
        label = mine.get(key)
        if label is not None and label.kind is not EventKind.SKIP:
            continue
        if is_final(rules, state, annotator, key, graded):
            continue
        graders, holders = state.graders(key), leased.get(key)
        people = graders | holders if holders else graders
        others = len(people) - (annotator in people)
        if rules.overlap and key not in rules.calibration:
            if len(graders) >= rules.overlap:
                continue
            if others >= rules.overlap:
                waiting += 1
                continue
        if (*key, 0) in without:
            continue
        if label is not None:
            later.append(Task(pair, note=label.note))
            continue
        if one_query and _comes_last(rules, annotator, key, seed):
            last.append(Task(pair))
            continue
        beside.append(Task(pair))
        if key in rules.calibration and pair.query.query_id != first:
            continue
        tier = -1 if pair.query.query_id == first else others
        fresh.setdefault(tier, []).extend(beside)
        beside.clear()
        if tier <= 0 and sum(len(fresh.get(low, ())) for low in (-1, 0)) >= count:
            break
    fresh.setdefault(max(tier, 0), []).extend(beside)
    later.sort(key=lambda task: mine[task.pair.key].at)
    tasks = [task for level in sorted(fresh) for task in fresh[level]]
    soonest = REPEAT_AFTER if tasks else REPEAT_AFTER_AT_END
    repeats = due_repeats(ordered, state, rules, annotator, soonest, without, seed)
    again = state.repeated(annotator)
    put_off = [task for task in repeats if task.pair.key in again]
    later += [replace(task, note=again[task.pair.key].note) for task in put_off]
    repeats = [task for task in repeats if task.pair.key not in again]
    if not one_query:
        dealt = [*_mixed(tasks, repeats, rules, annotator, count, seed), *later]
    else:
        dealt = [*tasks, *later] if tasks else [*_shuffled(last, repeats, annotator, seed), *later]
        dealt = [task for task in dealt if task.pair.query.query_id == dealt[0].pair.query.query_id]
    still = sum(
        (mine.get((query_id, item_id)) if not number else again.get((query_id, item_id))) is None
        for query_id, item_id, number in elsewhere
    )
    return Hand(tuple(dealt[: max(count, 0)]), waiting, still)


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
    without: Collection[tuple[str, str, int]] = (),
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
