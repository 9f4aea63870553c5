"""Reports about engines are hidden from whoever may still judge a set, and pages say so."""

from __future__ import annotations

from urllib.parse import urlencode

from core.people import Role
from tests.ui.security.judged_shop import Judged, end_part
from ui.blindness import NOT_SHOWN


def test_reports_are_read_by_those_who_do_not_judge(judged: Judged) -> None:
    address = "/media/report?" + urlencode({"report": judged.report, "as": "csv"})
    roles = (Role.ANNOTATOR, Role.VIEWER, Role.MERCHANDISER)

    def answers() -> list[int]:
        return [judged.walk(role).visitor.http.get(address).status_code for role in roles]

    assert answers() == [404, 200, 200]
    judged.judge_all()
    assert answers() == [404, 200, 200]
    end_part(judged.walk(Role.ANNOTATOR))
    assert answers() == [200] * 3


def test_a_hidden_report_is_answered_like_one_that_does_not_exist(judged: Judged) -> None:
    http = judged.walk(Role.ANNOTATOR).visitor.http

    def answer(report: str, kind: str) -> tuple[int, str]:
        got = http.get("/media/report?" + urlencode({"report": report, "as": kind}))
        return got.status_code, got.text

    for kind in ("html", "csv", "exe"):
        assert answer(judged.report, kind) == answer("nope", kind) == answer("no id/at all", kind)
        assert NOT_SHOWN in answer(judged.report, kind)[1]
    gone = judged.walk(Role.MERCHANDISER).visitor.http.get("/media/report?report=nope&as=csv")
    assert "There is no stored report “nope”" in gone.text


def test_evaluate_says_that_reports_are_hidden_and_not_whether_there_are_any(
    judged: Judged,
) -> None:
    walk = judged.walk(Role.ANNOTATOR)
    loads = [event["api_name"] for event in walk.config["dependencies"]
             if event["api_name"].startswith("load")]  # fmt: skip

    def page(**asked: str) -> str:
        answers = walk.events({"catalog": "demo", **asked}, loads)
        (text,) = (t for t in answers.values() if "report yet" in t or "Reports are hidden" in t)
        return text

    for asked in ({}, {"report": judged.report}, {"report": "nope"}):
        text = page(**asked)
        assert (NOT_SHOWN in text) is bool(asked)
        assert "is not finished" in text
        assert "No report yet" not in text
        assert "vs-reads-only" in text  # they may not measure: no form for it
        assert judged.report not in text
    judged.judge_all()
    assert "end your part on Annotate" in page()
