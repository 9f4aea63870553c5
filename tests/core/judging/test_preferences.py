from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.app.preferences import PreferenceLog, sign_test
from core.domain import Duel, Preference, SearchResult, Side
from core.store.database import fragments, open_database
from ui.components.blind_vote import duel_html, verdict
from ui.render import render

START = datetime(2026, 1, 1, tzinfo=UTC)


def vote(query: str, winner: str | None, who: str = "ada", flip: bool = False) -> Preference:
    left, right = ("b", "a") if flip else ("a", "b")
    choice = Side.SAME if winner is None else Side.LEFT if winner == left else Side.RIGHT
    at = START + timedelta(seconds=int(query[1:]))
    return Preference(uuid.uuid4().hex, query, left, right, choice, who, at, 1.0)


def test_sides_do_not_matter_and_ties_stay_out() -> None:
    votes = [vote(f"q{n}", "a", flip=n % 2 == 0) for n in range(9)]
    votes += [vote("q9", "b"), vote("q10", None)]
    report = sign_test(votes, "a", "b")
    assert (report.wins, report.losses, report.same, report.people) == (9, 1, 1, 1)
    assert report.p == pytest.approx(2 * 11 / 1024)  # by hand: (1 + 10) / 2^10, both tails
    assert report.share is not None
    assert report.share[1] < 0.9 < report.share[2]
    assert verdict(report, "A", "B") == "A is preferred."
    mirrored = sign_test(votes, "b", "a")
    assert (mirrored.wins, mirrored.losses, mirrored.p) == (1, 9, report.p)


def test_five_people_who_agree_on_a_query_count_once() -> None:
    """They see the same two lists: counted as independent, equal engines "differ" too often."""
    rng, false_verdicts = np.random.default_rng(1), 0
    for _ in range(300):
        votes = []
        for query in range(20):
            winner = "ab"[rng.integers(2)]  # the engines are equal
            for person in range(5):
                agrees = rng.random() < 0.9
                votes.append(
                    vote(f"q{query}", winner if agrees else "ab"["ba".index(winner)], f"{person}")
                )
        report = sign_test(votes, "a", "b")
        assert (report.wins + report.losses + report.same, report.votes) == (20, 100)
        assert report.p is not None
        false_verdicts += report.p < 0.05
    assert false_verdicts <= 0.05 * 300


def test_a_query_that_splits_people_evenly_has_no_winner() -> None:
    report = sign_test([vote("q1", "a"), vote("q1", "b", "bob"), vote("q2", "a")], "a", "b")
    assert (report.wins, report.losses, report.same, report.people) == (1, 0, 1, 2)


def test_the_latest_vote_counts_and_nothing_is_said_without_votes(tmp_path: Path) -> None:
    log = PreferenceLog(open_database(tmp_path / "lance"))
    log.append(vote("q1", "a"))
    log.append(vote("q1", "b", flip=True))
    other = PreferenceLog(open_database(tmp_path / "lance"))
    report = sign_test(other.all(), "a", "b")
    assert len(other.all()) == 2
    assert (report.wins, report.losses) == (0, 1)
    assert sign_test([], "a", "b").p is None


def test_votes_are_merged_and_none_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.app.preferences._COMPACT_AFTER", 3)
    database = open_database(tmp_path / "lance")
    votes = [vote(f"q{n}", "a") for n in range(5)]
    for event in votes:
        PreferenceLog(database).append(event)
    assert PreferenceLog(database).all() == votes
    assert fragments(database.open_table("preferences")) < 4


def test_the_page_does_not_tell_whose_list_it_is() -> None:
    results = [SearchResult(name, "print", (), 0, 1.5, 2.5) for name in ("clip-x", "vl-clip-x")]
    html = duel_html(Duel("<b>chair", *results), 1, 2, "demo")
    assert "clip" not in html
    assert "&lt;b&gt;chair" in html
    assert "not tell" in render(
        "preference_report.html", lead="", report=sign_test([vote("q1", "a")], "a", "b"),
        first="A", second="B", people="1 person", verdict="The votes do not tell the two apart.",
    )  # fmt: skip
