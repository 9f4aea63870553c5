"""Which labels are final: engines' lists were shown to their annotator.

An annotator sees no engine's list while a pair needs them. Once the lists were shown, what they
said before stays, and a pair that lacks nobody takes no more from them: else they could say of
every pair that they can't tell, or put keys of pairs by, read the lists and come back.
"""

from __future__ import annotations

from core.domain import LABELS, EventKind, JudgmentEvent, JudgmentSet, Rules
from core.errors import JudgmentTooLate
from core.judging.sets import CLICK_SETS
from core.judging.state import PairKey, SetState

_FINAL = (
    "The engines' lists of this catalogue have been open to you, so what you said of this pair "
    "stays. If it is wrong, tell the person who leads, who can decide the pair."
)
_FULL = (
    "This pair has all its grades, and the engines' lists of this catalogue have been open to you, "
    "so this one does not count. Reload the page for pairs that still need you."
)
_DECIDED = (
    "This pair has been decided, so what you said of it stays. If the decision is wrong, tell the "
    "person who leads."
)
_DECIDED_MEANWHILE = (
    "This pair has been decided meanwhile, so this answer is not needed and does not count. All "
    "else that you gave stays. If the decision is wrong, tell the person who leads."
)


def came_graded(judgment_set: JudgmentSet, shipped: str = "") -> bool:
    """Tell whether a set came with its grades: from a file, from clicks, or with the demo.

    Args:
        judgment_set: The set.
        shipped: Id of the set that ships with the catalogue.
    """
    set_id = judgment_set.set_id
    return not judgment_set.engines or set_id.startswith(CLICK_SETS) or set_id == shipped


def lacks_people(rules: Rules, state: SetState, pair: PairKey, graded: bool = False) -> bool:
    """Tell whether a pair needs the grade of anybody who has not judged it.

    Args:
        rules: Rules of the set.
        state: Events of the set.
        pair: The pair.
        graded: The set came with its grades: where everybody judges every pair, one is enough,
            because most people never judge such a set.
    """
    if state.is_decided(pair):
        return False
    everybody = pair in rules.calibration or not (rules.overlap or graded)
    return everybody or len(state.graders(pair)) < (rules.overlap or 1)


def is_final(
    rules: Rules,
    state: SetState,
    annotator: str,
    pair: PairKey,
    graded: bool = False,
    flag: bool = False,
) -> bool:
    """Tell whether this annotator may not judge a pair, or judge it again.

    Args:
        rules: Rules of the set.
        state: Events of the set.
        annotator: Name of the annotator.
        pair: The pair.
        graded: See ``lacks_people``.
        flag: Ask for a flag in place of a label.
    """
    if state.shown_at(annotator) is None:
        return False
    if state.is_bound(annotator, pair, flag):
        return True
    label = state.current(annotator).get(pair)
    is_open = label is not None and label.kind is not EventKind.SKIP
    return not is_open and not lacks_people(rules, state, pair, graded)


def check_final(
    rules: Rules, state: SetState, event: JudgmentEvent, graded: bool = False, again: bool = False
) -> None:
    """Check that a label or a flag changes nothing that is final; see ``lacks_people``.

    A label of a pair that was decided since is final, too: its annotator may see the decision.

    Args:
        rules: Rules of the set.
        state: Events of the set.
        event: What is sent, or to be taken back.
        graded: The set came with its grades.
        again: Check an event that is stored, too; else it was sent twice and changes nothing.

    Raises:
        JudgmentTooLate: It does.
    """
    is_said = event.kind in LABELS or event.kind is EventKind.FLAG
    if not is_said or (event.event_id in state and not again):
        return
    pair, flag = (event.query_id, event.item_id), event.kind is EventKind.FLAG
    comes_later = event.round > 0 or _is_corrected(state, event)
    decided = state.is_decided(pair)
    if event.kind in LABELS and comes_later and decided:
        raise JudgmentTooLate(_DECIDED if again else _DECIDED_MEANWHILE)
    if is_final(rules, state, event.annotator, pair, graded, flag):
        full = _DECIDED_MEANWHILE if decided else _FULL
        raise JudgmentTooLate(_FINAL if state.is_bound(event.annotator, pair, flag) else full)


def _is_corrected(state: SetState, event: JudgmentEvent) -> bool:
    """Tell whether an annotator has said something of the pair before."""
    label = state.current(event.annotator).get((event.query_id, event.item_id))
    return label is not None and label.kind is not EventKind.SKIP
