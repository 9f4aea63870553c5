"""Report on a set's labels: agreement, annotators, flags, open disagreements."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import JudgmentEvent
from core.judging.agreement import Agreement, agreement
from core.judging.disagreement import disagreements
from core.judging.judgment_queue import JudgmentQueue
from core.judging.watch import AnnotatorReport, annotator_reports


@dataclass(frozen=True, slots=True)
class LabelReport:
    """The report on a set's labels.

    Attributes:
        agreement: Between people.
        annotators: Each person.
        flags: Flagged pairs.
        open_disagreements: Number of pairs that wait for a decision.
    """

    agreement: Agreement
    annotators: tuple[AnnotatorReport, ...]
    flags: tuple[JudgmentEvent, ...]
    open_disagreements: int


def label_report(desk: JudgmentQueue, set_id: str) -> LabelReport:
    """Build the report of a set's current labels."""
    events, repeats, flags, decisions = desk.look(
        set_id,
        lambda state: (
            state.all_current(),
            state.all_repeated(),
            state.flags(),
            state.decisions(),
        ),
    )
    still_open = sum(case.decision is None for case in disagreements(events, decisions, flags))
    return LabelReport(
        agreement(events), annotator_reports(events, repeats), tuple(flags), still_open
    )
