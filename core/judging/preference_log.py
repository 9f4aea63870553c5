"""The tables of blind votes and of the ballots that they belong to; both only grow."""

from __future__ import annotations

from typing import Any

import lancedb
import pyarrow as pa

from core.base.locks import WRITE, file_lock
from core.domain import Ballot, Preference, Side
from core.store.database import compact, ensure_table, folder_of, fragments, read_rows
from core.store.durable import Flusher
from core.store.saving import saving

NAME = "preferences"
BALLOTS = "ballots"

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
_BALLOT = pa.schema(
    [
        pa.field("ballot_id", pa.string(), nullable=False),
        pa.field("queries", pa.list_(pa.string()), nullable=False),
        pa.field("engines", pa.list_(pa.string()), nullable=False),
        pa.field("annotator", pa.string(), nullable=False),
        pa.field("started", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)

#: Number of fragments after which a table is compacted; every row that is added makes one.
_COMPACT_AFTER = 64


class _Log:
    """An append-only table; several processes may append at once."""

    def __init__(self, database: lancedb.DBConnection, name: str, schema: pa.Schema) -> None:
        folder = folder_of(database)
        self._table, self._schema = ensure_table(database, name, schema), schema
        self._flusher = Flusher(folder / f"{name}.lance")
        self._turn = folder / f".{name}.lock"

    def _append(self, row: dict[str, Any], what: str) -> None:
        """Store a row; when this returns, it is on disk."""
        with saving(what), file_lock(self._turn, WRITE):
            self._table.add(pa.Table.from_pylist([row], schema=self._schema))
            self._flusher.flush()
            if fragments(self._table) >= _COMPACT_AFTER:
                compact(self._table)

    def _rows(self, by: str) -> list[dict[str, Any]]:
        rows = read_rows(self._table, self._schema.names).sort_by([(by, "ascending")])
        content: list[dict[str, Any]] = rows.to_pylist()
        return content


class PreferenceLog(_Log):
    """Votes of one catalogue."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        super().__init__(database, NAME, SCHEMA)

    def append(self, vote: Preference) -> None:
        """Store a vote; when this returns, it is on disk.

        Raises:
            NotSaved: It could not be written.
        """
        row = {name: getattr(vote, name) for name in SCHEMA.names} | {"choice": vote.choice.value}
        self._append(row, "The vote")

    def all(self) -> list[Preference]:
        """Return all votes, oldest first."""
        return [Preference(**{**row, "choice": Side(row["choice"])}) for row in self._rows("at")]


class BallotLog(_Log):
    """Ballots of one catalogue."""

    def __init__(self, database: lancedb.DBConnection) -> None:
        super().__init__(database, BALLOTS, _BALLOT)

    def append(self, ballot: Ballot) -> None:
        """Store a ballot; when this returns, it is on disk.

        Raises:
            NotSaved: It could not be written.
        """
        self._append({name: getattr(ballot, name) for name in _BALLOT.names}, "The ballot")

    def latest(self, annotator: str) -> Ballot | None:
        """Return the newest ballot of a person, if there is one."""
        own = [row for row in self._rows("started") if row["annotator"] == annotator]
        if not own:
            return None
        row = own[-1]
        first, second = row["engines"]
        return Ballot(**{**row, "queries": tuple(row["queries"]), "engines": (first, second)})
