from __future__ import annotations

import math
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.app.preferences import PreferenceService, sign_test
from core.domain import (
    Ballot,
    BallotStep,
    Duel,
    Engine,
    ImageView,
    Preference,
    SearchResult,
    Side,
    TextView,
)
from core.errors import JudgmentError
from core.judging.preference_log import PreferenceLog
from core.pipeline.indexer import run_index
from core.ports.engines import EngineModel, IndexingModels
from core.search.searcher import Searcher
from core.store.catalog_store import CatalogStore
from core.store.database import fragments, open_database
from core.store.image_store import ImageStore
from tests.core.pipeline.small import HashingEncoder, rows_of, write_catalog
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
    monkeypatch.setattr("core.judging.preference_log._COMPACT_AFTER", 3)
    database = open_database(tmp_path / "lance")
    votes = [vote(f"q{n}", "a") for n in range(5)]
    for event in votes:
        PreferenceLog(database).append(event)
    assert PreferenceLog(database).all() == votes
    assert fragments(database.open_table("preferences")) < 4


def test_the_page_does_not_tell_whose_list_it_is() -> None:
    results = [SearchResult(name, "print", (), 0, 1.5, 2.5) for name in ("clip-x", "vl-clip-x")]
    ballot = Ballot("b", ("<b>chair",), ("clip-x", "vl-clip-x"), "ada", START)
    html = duel_html(BallotStep(ballot, 0, 0, Duel("<b>chair", *results)), "demo")
    assert "clip" not in html
    assert "&lt;b&gt;chair" in html
    assert "not tell" in render(
        "preference_report.html", report=sign_test([vote("q1", "a")], "a", "b"),
        first="A", second="B", people="1 person", verdict="The votes do not tell the two apart.",
    )  # fmt: skip


def test_the_figures_are_those_of_the_textbook() -> None:
    """Second computation: the binomial tail by counting, Wilson's interval by its formula."""
    votes = [vote(f"q{n}", "a" if n < 14 else "b") for n in range(18)]
    report = sign_test(votes, "a", "b")
    tail = sum(math.comb(18, k) for k in range(14, 19)) / 2**18
    assert report.p == pytest.approx(2 * tail)
    n, share, z = 18, 14 / 18, 1.959963984540054
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    assert report.share == pytest.approx((share, middle - half, middle + half))


def test_capitals_and_blanks_make_no_other_query() -> None:
    votes = [vote("q1", "a"), vote("q1", "a", "bob")]
    spelled = Preference("x", " Q1", "a", "b", Side.LEFT, "eve", START, 1.0)
    report = sign_test([*votes, spelled], "a", "b")
    assert (report.wins, report.people, report.votes) == (1, 3, 3)


def test_a_vote_that_was_taken_back_does_not_count() -> None:
    undone = Preference("x", "q1", "b", "a", Side.UNDONE, "ada", START, 0.0)
    report = sign_test([vote("q1", "a"), undone, vote("q2", "b")], "a", "b")
    assert (report.wins, report.losses, report.votes) == (0, 1, 1)


class Shop:
    """A small catalogue with an engine, its twin under another name, and one of its own mind."""

    def __init__(self, folder: Path) -> None:
        source = write_catalog(folder / "source", 40)
        store = CatalogStore(folder / "shop")
        photos, encoder, other = ImageStore(store.root / "i"), HashingEncoder(), HashingEncoder("b")
        models = {
            name: EngineModel(
                Engine(name, name, "", ImageView.PHOTO, TextView.TITLE, weight, {}), towers
            )
            for name, towers, weight in (
                ("one", encoder, 0.9), ("twin", encoder, 0.9), ("other", other, 0.05),
            )
        }  # fmt: skip
        run_index(store, photos, IndexingModels(tuple(models.values())), rows_of(source, photos))
        self.catalog = SimpleNamespace(store=store, searcher=Searcher(store, photos))

    def service(self) -> PreferenceService:
        """Return the service as another process of the same store would have it."""
        library = SimpleNamespace(get=lambda name: self.catalog)
        pool = SimpleNamespace(for_queries=self._engine)
        return PreferenceService(library, pool)  # type: ignore[arg-type]

    def _engine(self, name: str) -> EngineModel:
        towers = HashingEncoder("b") if name == "other" else HashingEncoder()
        weight = 0.05 if name == "other" else 0.9
        return EngineModel(
            Engine(name, name, "", ImageView.PHOTO, TextView.TITLE, weight, {}), towers
        )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("vote"))


def test_identical_lists_are_ties_that_nobody_is_asked_for(shop: Shop) -> None:
    service = shop.service()
    ballot = service.begin(["red chair", "blue lamp"], ("one", "twin"), "ada")
    step = service.step(ballot)
    assert (step.duel, step.voted, step.ties) == (None, 0, 2)
    report = service.report("one", "twin")
    assert (report.same, report.identical, report.votes, report.p) == (2, 2, 0, None)
    assert service.open_ballot("ada") is None


def test_a_vote_goes_on_where_it_was_and_can_be_taken_back(shop: Shop) -> None:
    queries = ["red chair", "  ", "blue lamp", "Red  chair", "green mug"]
    ballot = shop.service().begin(queries, ("one", "other"), "bob")
    assert ballot.queries == ("red chair", "blue lamp", "green mug")
    service = shop.service()
    first = service.step(ballot)
    assert first.duel is not None
    service.vote(ballot, first.duel, Side.LEFT, 2.0)
    second = service.step(ballot)
    assert second.duel is not None
    service.vote(ballot, second.duel, Side.SAME, 2.0)
    resumed = shop.service().open_ballot("bob")  # another page, or the same after a restart
    assert resumed is not None
    assert (resumed.ballot, resumed.voted) == (ballot, 2)
    assert shop.service().open_ballot("eve") is None
    assert service.undo(ballot)
    again = service.step(resumed.ballot)
    assert again.duel is not None
    assert (again.duel.query, again.voted) == ("blue lamp", 1)
    assert service.undo(ballot)
    assert not service.undo(ballot)
    assert service.report("one", "other").votes == 0


def test_who_still_votes_is_not_told_the_result(shop: Shop) -> None:
    service = shop.service()
    ballot = service.begin(["red chair", "blue lamp"], ("one", "other"), "cy")
    with pytest.raises(JudgmentError, match="has 2 queries left"):
        service.report("other", "one", reader="cy")
    service.report("one", "twin", reader="cy")  # of other engines
    while (step := service.step(ballot)).duel is not None:
        service.vote(ballot, step.duel, Side.RIGHT, 1.0)
    assert service.report("one", "other", reader="cy").votes == 2


@pytest.mark.parametrize("queries", [[], [" "], [f"q{n}" for n in range(501)]])
def test_a_ballot_has_some_queries_and_two_engines(shop: Shop, queries: list[str]) -> None:
    with pytest.raises(JudgmentError, match="1 to 500"):
        shop.service().begin(queries, ("one", "other"), "ada")
    with pytest.raises(JudgmentError, match="two different"):
        shop.service().begin(["x"], ("one", "one"), "ada")
