"""The report on a set's labels has what the Agreement page shows."""

from __future__ import annotations

from dataclasses import replace

from core.domain import EventKind, JudgmentSet
from core.judging.agreement import agreement
from core.judging.judgment_queue import JudgmentQueue
from core.judging.reports import label_report
from core.judging.watch import annotator_reports
from tests.core.judging.desks import grade


def test_a_report_has_agreement_people_flags_and_open_cases(
    desk: JudgmentQueue, made: JudgmentSet
) -> None:
    labels = [
        grade(made, "q1", item, value, who)
        for item, values in (("q1-0", (0, 3)), ("q1-1", (1, 2)), ("q1-2", (2, 2)))
        for who, value in zip(("ada", "bob"), values, strict=True)
    ]
    repeat = replace(grade(made, "q1", "q1-0", 1), round=1)
    flag = replace(grade(made, "q1", "q1-3", 1), kind=EventKind.FLAG, grade=None, note="photo")
    decision = replace(grade(made, "q1", "q1-1", 1, "lea"), kind=EventKind.ADJUDICATE)
    for event in (*labels, repeat, flag, decision):
        desk.judge(event)
    report = label_report(desk, made.set_id)
    current = desk.current(made.set_id)
    assert report.agreement == agreement(current)
    assert report.annotators == annotator_reports(current, [repeat])
    assert report.annotators[0].repeats == 1
    assert report.flags == (flag,)
    assert report.open_disagreements == 2
