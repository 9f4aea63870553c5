"""Preference votes between two engines, blind and side by side: ``studio.preferences``."""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from core.app.library import Library
from core.app.models import ModelPool
from core.base.counts import counted
from core.domain import Ballot, BallotStep, Duel, Preference, PreferenceReport, Query, Side
from core.errors import JudgmentError
from core.judging.preference_log import BallotLog, PreferenceLog

#: Most queries of a ballot, and results per side.
MOST_QUERIES = 500
DEPTH = 8


def sign_test(votes: Iterable[Preference], first: str, second: str) -> PreferenceReport:
    """Count on how many queries ``first`` was preferred to ``second``.

    A query has one outcome, whatever the number of people, and however they spell its capitals:
    that of most of their latest votes, or none where as many prefer each. People who vote on one
    query see the same two lists, so their votes are not independent. Exact two-sided binomial test
    over queries against one half, with Wilson's 95 % interval (SciPy).
    """
    of_pair = [vote for vote in votes if {vote.left, vote.right} == {first, second}]
    standing = _standing(of_pair)
    lead, chosen = Counter[str](), set[str]()
    for vote in standing:
        lead[_asked(vote.query)] += {first: 1, second: -1, None: 0}[vote.winner]
        if vote.choice is not Side.IDENTICAL:
            chosen.add(_asked(vote.query))
    wins = sum(difference > 0 for difference in lead.values())
    losses = sum(difference < 0 for difference in lead.values())
    p, share = None, None
    if wins + losses:
        from scipy.stats import binomtest  # slow to import

        test = binomtest(wins, wins + losses)
        interval = test.proportion_ci(method="wilson")
        p = float(test.pvalue)
        share = (wins / (wins + losses), float(interval.low), float(interval.high))
    votes_of_people = [vote for vote in standing if vote.choice is not Side.IDENTICAL]
    return PreferenceReport(
        first, second, wins, losses, len(lead) - wins - losses, p, share,
        people=len({vote.annotator for vote in votes_of_people}), votes=len(votes_of_people),
        identical=len(lead.keys() - chosen),
    )  # fmt: skip


def _standing(votes: Iterable[Preference]) -> list[Preference]:
    """Return each person's latest vote per query, without those that were taken back."""
    latest = {(vote.annotator, _asked(vote.query)): vote for vote in votes}
    return [vote for vote in latest.values() if vote.choice is not Side.UNDONE]


def _asked(query: str) -> str:
    """Return a query as it is compared: the same words are the same query."""
    return " ".join(query.casefold().split())


class PreferenceService:
    """Preferences for the page Compare and for commands.

    Every method takes the catalogue's name; ``None`` is the default catalogue.
    """

    def __init__(self, library: Library, models: ModelPool) -> None:
        self._library, self._models = library, models

    def begin(
        self,
        queries: Sequence[str],
        engines: tuple[str, str],
        annotator: str,
        catalog: str | None = None,
    ) -> Ballot:
        """Begin a vote; it is stored, so the person can go on with it at another time.

        Raises:
            JudgmentError: There are no queries, too many, or both engines are the same.
        """
        asked: dict[str, str] = {}
        for query in filter(None, map(str.strip, queries)):
            asked.setdefault(_asked(query), query)
        if not 1 <= len(asked) <= MOST_QUERIES:
            raise JudgmentError(f"Give 1 to {MOST_QUERIES} queries, one per line.")
        if engines[0] == engines[1]:
            raise JudgmentError("Choose two different engines.")
        ballot = Ballot(
            uuid.uuid4().hex, tuple(asked.values()), engines, annotator, datetime.now(UTC)
        )
        BallotLog(self._library.get(catalog).store.database).append(ballot)
        return ballot

    def open_ballot(self, annotator: str, catalog: str | None = None) -> BallotStep | None:
        """Return the person's newest ballot if it has queries left; its lists are not read."""
        ballot = BallotLog(self._library.get(catalog).store.database).latest(annotator)
        if ballot is None:
            return None
        voted, ties = self._settled(ballot, catalog)
        if not self._left(ballot, [*voted, *ties]):
            return None
        return BallotStep(ballot, len(voted), len(ties), None)

    def step(self, ballot: Ballot, catalog: str | None = None) -> BallotStep:
        """Return the next two lists of a ballot, and how far it is.

        Where both engines give the same list, that is noted as a tie, and the next query comes.

        Raises:
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
        """
        voted, ties = self._settled(ballot, catalog)
        same = len(ties)
        for query in self._left(ballot, [*voted, *ties]):
            duel = self.duel(query, ballot.engines, DEPTH, catalog)
            if not duel.is_tie:
                return BallotStep(ballot, len(voted), same, duel)
            self._store(ballot, duel, Side.IDENTICAL, 0.0, catalog)
            same += 1
        return BallotStep(ballot, len(voted), same, None)

    def duel(
        self, query: str, engines: tuple[str, str], k: int = 10, catalog: str | None = None
    ) -> Duel:
        """Return both engines' results, placed left and right at random, without cut-off.

        Raises:
            JudgmentError: Both engines are the same.
            QueryError, EngineUnavailable, FingerprintMismatch: An engine can't answer.
        """
        if engines[0] == engines[1]:
            raise JudgmentError("Choose two different engines.")
        opened_catalog = self._library.get(catalog)
        ask = Query(text=query, k=k, cutoff=False, fold_duplicates=False)
        results = [
            opened_catalog.searcher.search(ask, self._models.for_queries(name)) for name in engines
        ]
        if secrets.randbelow(2):
            results.reverse()
        return Duel(query, *results)

    def vote(
        self, ballot: Ballot, duel: Duel, choice: Side, seconds: float, catalog: str | None = None
    ) -> None:
        """Store a person's vote; when this returns, it is on disk."""
        self._store(ballot, duel, choice, seconds, catalog)

    def undo(self, ballot: Ballot, catalog: str | None = None) -> bool:
        """Take the newest vote of a ballot back; return whether there was one.

        Its query is asked again, in its place.
        """
        voted, _ = self._settled(ballot, catalog)
        if not voted:
            return False
        last = max(voted.values(), key=lambda vote: vote.at)
        undone = Preference(
            f"{ballot.ballot_id}/{uuid.uuid4().hex}", last.query, last.left, last.right,
            Side.UNDONE, ballot.annotator, datetime.now(UTC), 0.0,
        )  # fmt: skip
        PreferenceLog(self._library.get(catalog).store.database).append(undone)
        return True

    def report(
        self, first: str, second: str, catalog: str | None = None, reader: str = ""
    ) -> PreferenceReport:
        """Compute the sign test over all votes on two engines.

        Args:
            first: An engine.
            second: Another engine.
            catalog: The catalogue.
            reader: The person who asks, if pages know it.

        Raises:
            JudgmentError: The reader has a vote on these engines under way: it would not be blind.
        """
        step = self.open_ballot(reader, catalog) if reader else None
        if step is not None and set(step.ballot.engines) == {first, second}:
            left = len(step.ballot.queries) - step.done
            raise JudgmentError(
                f"Your own vote on these engines has {counted(left, 'query')} left. Finish it "
                "first: who knows the result does not vote blind."
            )
        votes = PreferenceLog(self._library.get(catalog).store.database).all()
        return sign_test(votes, first, second)

    def _store(
        self, ballot: Ballot, duel: Duel, choice: Side, seconds: float, catalog: str | None
    ) -> None:
        vote = Preference(
            f"{ballot.ballot_id}/{uuid.uuid4().hex}", duel.query, duel.left.engine,
            duel.right.engine, choice, ballot.annotator, datetime.now(UTC), seconds,
        )  # fmt: skip
        PreferenceLog(self._library.get(catalog).store.database).append(vote)

    def _settled(
        self, ballot: Ballot, catalog: str | None
    ) -> tuple[dict[str, Preference], dict[str, Preference]]:
        """Return a ballot's standing votes by query: those of the person, and the ties."""
        log = PreferenceLog(self._library.get(catalog).store.database).all()
        own = [vote for vote in log if vote.event_id.startswith(f"{ballot.ballot_id}/")]
        standing = {vote.query: vote for vote in _standing(own)}
        ties = {q: vote for q, vote in standing.items() if vote.choice is Side.IDENTICAL}
        return {q: vote for q, vote in standing.items() if q not in ties}, ties

    @staticmethod
    def _left(ballot: Ballot, settled: Iterable[str]) -> list[str]:
        done = set(settled)
        return [query for query in ballot.queries if query not in done]
