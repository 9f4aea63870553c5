"""How far annotators are with each set of a catalogue: asked at each of their requests.

A set is looked at again only after it was revised, or something was added to its log, so that a
request costs little however many sets there are.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from core.domain import EventKind, JudgmentSet
from core.judging.final_labels import came_graded, lacks_people
from core.judging.judgment_sets import JudgmentSets
from core.judging.state import PairKey, SetState
from core.judging.states import States

#: Most answers, of one annotator and set each, that are kept: those that were used last.
MOST_ANSWERS = 50_000

#: Most sets, and most rows of their events, that are read together.
SETS_AT_ONCE, ROWS_AT_ONCE = 256, 50_000

#: What an answer depends on: the set's revision, its rows in the log, whether it was shipped.
_Basis = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class SetPart:
    """How far one annotator is with one set.

    Attributes:
        is_open: They may still judge a pair.
        is_shown: Lists were shown to them since they said anything; or the set has no pairs.
        becomes_final: They said something that no list was shown to them after.
    """

    is_open: bool
    is_shown: bool
    becomes_final: bool


def may_judge(
    judgment_set: JudgmentSet, state: SetState, *, people: Collection[str], graded: bool = False
) -> bool:
    """Tell whether one of these people may still judge a pair of a set.

    That is a pair which lacks people, and of which they have said nothing, or put it off. That they
    can't tell is an answer: it is final when the lists are shown (``final_labels``).
    """
    rules = judgment_set.rules

    def waits(pair: PairKey) -> bool:
        labels = ((name, state.current(name).get(pair)) for name in people)
        return any(
            (label is None or label.kind is EventKind.SKIP) and not state.is_bound(name, pair)
            for name, label in labels
        )

    return any(
        waits(pair.key) and lacks_people(rules, state, pair.key, graded)
        for pair in judgment_set.pairs
    )


class OwnParts:
    """The parts of all annotators in the sets of one catalogue; safe with several threads."""

    def __init__(self, sets: JudgmentSets, states: States) -> None:
        self._sets, self._states = sets, states
        self._lock = threading.Lock()
        #: Revision of each set, as of a version of their table.
        self._revisions: tuple[int, dict[str, int]] = (-1, {})
        self._kept: OrderedDict[tuple[str, str], tuple[_Basis, SetPart]] = OrderedDict()

    def of(self, people: Collection[str], shipped: str = "") -> Iterator[tuple[str, str, SetPart]]:
        """Yield each set's id and each annotator, with how far they are.

        Args:
            people: Names of annotators.
            shipped: Id of the set that ships with the catalogue.
        """
        if not people:
            return
        # Read before the sets and states are: what is newer than that is looked at again next time.
        revisions, rows = self._all_revisions(), self._states.log.counted()[1]
        news: dict[str, _Basis] = {}
        for set_id, revision in revisions.items():
            basis = revision, rows.get(set_id, 0), set_id == shipped
            parts = [(name, self._answer(set_id, name, basis)) for name in people]
            for name, part in parts:
                if part is not None:
                    yield set_id, name, part
                else:
                    news[set_id] = basis
        for some in _portions(news):
            yield from self._looked_at(some, people, shipped)

    def _all_revisions(self) -> dict[str, int]:
        version = self._sets.version
        with self._lock:
            kept_version, revisions = self._revisions
        if kept_version != version:
            revisions = {each.set_id: each.revision for each in self._sets.all()}
            with self._lock:
                self._revisions = version, revisions
        return revisions

    def _answer(self, set_id: str, annotator: str, basis: _Basis) -> SetPart | None:
        """Return the kept answer on a set, if nothing is new."""
        with self._lock:
            kept = self._kept.get((set_id, annotator))
            if kept is None or kept[0] != basis:
                return None
            self._kept.move_to_end((set_id, annotator))
            return kept[1]

    def _looked_at(
        self, bases: Mapping[str, _Basis], people: Collection[str], shipped: str
    ) -> list[tuple[str, str, SetPart]]:
        """Look at some sets; return the parts of these people in them."""
        made = self._sets.several(bases)  # one may have been removed meanwhile

        def parts(set_id: str, state: SetState) -> list[tuple[str, str, SetPart]]:
            return [(set_id, name, _part(made[set_id], state, name, shipped)) for name in people]

        answers = [part for of_set in self._states.look_each(made, parts) for part in of_set]
        with self._lock:
            for set_id, name, part in answers:
                self._kept[set_id, name] = bases[set_id], part
                self._kept.move_to_end((set_id, name))
            while len(self._kept) > MOST_ANSWERS:
                self._kept.popitem(last=False)
        return answers


def _part(made: JudgmentSet, state: SetState, annotator: str, shipped: str) -> SetPart:
    graded = came_graded(made, shipped)
    return SetPart(
        may_judge(made, state, people=[annotator], graded=graded),
        state.is_shown(annotator) or not made.pairs,
        state.has_said_since(annotator),
    )


def _portions(bases: Mapping[str, _Basis]) -> Iterator[dict[str, _Basis]]:
    """Yield the sets in portions that are read at once: not too many rows, at least one set."""
    some: dict[str, _Basis] = {}
    for set_id, basis in bases.items():
        if some and (
            len(some) >= SETS_AT_ONCE
            or sum(rows for _, rows, _ in some.values()) + basis[1] > ROWS_AT_ONCE
        ):
            yield some
            some = {}
        some[set_id] = basis
    if some:
        yield some
