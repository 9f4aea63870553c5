from __future__ import annotations

from core.domain import JudgeRecord
from tests.ui.shop import HOSTILE
from ui.components.judge_figures import figures_html

RECORD = JudgeRecord(
    at="2026-11-24T15:00:00+00:00", model="claude-test", about=HOSTILE, queries=20,
    precision={"clip": {"1": 0.5, "3": None, "5": 0.25}}, compared=12, same=0.75, kappa=0.61,
    paid="2 answers, 9 tokens (5 read from the cache, 0 written to it), $0.0100",
)  # fmt: skip


def test_figures_and_agreement_with_people_are_shown() -> None:
    html = figures_html((RECORD,), "demo")
    for said in (
        "0.500",
        "0.250",
        "–",
        "12 of these pairs",
        "75\u00a0%",
        "(weighted κ) 0.61",
        "5 read from the cache",
    ):
        assert said in html
    assert "<img" not in html


def test_without_records_it_says_what_to_type() -> None:
    assert "python app.py judge --items 20 --catalog demo" in figures_html((), "demo")
