"""Preference votes between two engines, blind and side by side: ``studio.preferences``."""

from __future__ import annotations

import secrets
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import lancedb
import pyarrow as pa

from core.app.library import Library
from core.app.models import ModelPool
from core.base.locks import WRITE, file_lock
from core.domain import Duel, Preference, PreferenceReport, Query, Side
from core.errors import JudgmentError
from core.store.database import compact, ensure_table, fragments, read_rows
from core.store.durable import Flusher
from core.store.saving import saving

NAME = "preferences"

SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("query", pa.string(), nullable=False),
        pa.field("left", pa.string(), nullable=False),
        pa.field("right", pa.string(), nullable=False),
        pa.field("choice", pa.string(), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
    ]
)


#: Number of fragments after which the table is compacted; every vote adds one.
_COMPACT_AFTER = 64


class PreferenceLog:
    """Votes of one catalogue, append-only; several processes may append at once."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        folder = Path(str(database.uri))
        self._table = ensure_table(database, NAME, SCHEMA)
        self._flusher = Flusher(folder / f"{NAME}.lance")
        self._turn = folder / f".{NAME}.lock"

    def append(self, vote: Preference) -> None:
        """Store a vote; when this returns, it is on disk.

        Raises:
            NotSaved: It could not be written.
        """
        row = {name: getattr(vote, name) for name in SCHEMA.names} | {"choice": vote.choice.value}
        with saving("The vote"), file_lock(self._turn, WRITE):
            self._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
            self._flusher.flush()
            if fragments(self._table) >= _COMPACT_AFTER:
                compact(self._table)

    def all(self) -> list[Preference]:
        """Return all votes, oldest first."""
        rows = read_rows(self._table, SCHEMA.names).sort_by([("at", "ascending")]).to_pylist()
        return [Preference(**{**row, "choice": Side(row["choice"])}) for row in rows]


def sign_test(votes: Iterable[Preference], first: str, second: str) -> PreferenceReport:
    """Count on how many queries ``first`` was preferred to ``second``.

    A query has one outcome, whatever the number of people: that of most of their latest votes, or
    none where as many prefer each. People who vote on one query see the same two lists, so their
    votes are not independent. Exact two-sided binomial test over queries against one half, with
    Wilson's 95 % interval (SciPy).
    """
    latest = {(v.annotator, v.query): v for v in votes if {v.left, v.right} == {first, second}}
    lead = Counter[str]()
    for vote in latest.values():
        lead[vote.query] += {first: 1, second: -1, None: 0}[vote.winner]
    wins = sum(difference > 0 for difference in lead.values())
    losses = sum(difference < 0 for difference in lead.values())
    p, share = None, None
    if wins + losses:
        from scipy.stats import binomtest  # slow to import

        test = binomtest(wins, wins + losses)
        interval = test.proportion_ci(method="wilson")
        p = float(test.pvalue)
        share = (wins / (wins + losses), float(interval.low), float(interval.high))
    people = len({vote.annotator for vote in latest.values()})
    same = len(lead) - wins - losses
    return PreferenceReport(first, second, wins, losses, same, p, share, people, len(latest))


class PreferenceService:
    """Preferences for the page Compare and for commands."""

    def __init__(self, library: Library, models: ModelPool) -> None:
        self._library, self._models = library, models

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
            opened_catalog.searcher.search(ask, self._models.engine(name)) for name in engines
        ]
        if secrets.randbelow(2):
            results.reverse()
        return Duel(query, *results)

    def vote(
        self, duel: Duel, choice: Side, annotator: str, seconds: float, catalog: str | None = None
    ) -> None:
        """Store a vote; when this returns, it is on disk."""
        vote = Preference(
            uuid.uuid4().hex, duel.query, duel.left.engine, duel.right.engine, choice, annotator,
            datetime.now(UTC), seconds,
        )  # fmt: skip
        PreferenceLog(self._library.get(catalog).store.database).append(vote)

    def report(self, first: str, second: str, catalog: str | None = None) -> PreferenceReport:
        """Compute the sign test over all votes on two engines."""
        votes = PreferenceLog(self._library.get(catalog).store.database).all()
        return sign_test(votes, first, second)
