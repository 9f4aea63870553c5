"""Prepare the events of one experiment: load and clean them, give each unit its variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.errors import ExperimentError
from core.experiments import cleaning_rules as rules
from core.experiments import event_table
from core.experiments.cleaning_rules import LeftOut
from core.experiments.event_table import event_database, load_events, replace_table
from core.experiments.model import Experiment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: A visit without a session id ends after so many minutes without an event.
SESSION_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Prepared:
    """Cleaned events: tables ``e`` (events) and ``u`` (units with their variant's number).

    Attributes:
        database: The connection.
        experiment: The experiment.
        begin: Events before it are the units' past.
        left_out: What rules left out.
        notes: Sentences on what was guessed.
    """

    database: DuckDBPyConnection
    experiment: Experiment
    begin: datetime | None
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    def number(self, query: str) -> int:
        """Return the one number that a query gives; nothing counts as 0."""
        return event_table.number(self.database, query)


@contextmanager
def prepared(
    experiment: Experiment,
    frame: Any,
    *,
    everybody: bool = False,
    further: Mapping[str, str] | None = None,
) -> Iterator[Prepared]:
    """Load and clean events; the files are removed when the block ends.

    Args:
        experiment: Whose events count.
        frame: Table, reader of record batches or data frame, see ``load_events``.
        everybody: Whether all units count, as if they had the baseline, also those that no event
            gives a variant, and those of two variants.
        further: Name in ``e`` → column of the log to keep as a text.

    Raises:
        ExperimentError: A needed column is missing, or no unit has a variant.
    """
    with event_database() as database:
        load_events(database, experiment, frame, further)
        yield _Preparation(database, experiment).run(everybody)


class _Preparation:
    """The steps, in order; each notes what it left out."""

    def __init__(self, database: DuckDBPyConnection, experiment: Experiment) -> None:
        self._db, self._experiment = database, experiment
        self._left_out: list[LeftOut] = []
        self._notes: list[str] = []

    def run(self, everybody: bool) -> Prepared:
        if not everybody:
            self._note(rules.drop_strange(self._db))
        self._note(rules.drop_repeats(self._db))
        begin = self._begin()
        if everybody:
            self._db.execute("UPDATE e SET variant = 0")
        self._find_units(begin)
        self._note(rules.drop_robots(self._db))
        self._db.execute("DELETE FROM u WHERE unit IN (SELECT unit FROM robots)")
        self._note(rules.drop_double_clicks(self._db))
        self._add_sessions()
        self._note(rules.drop_other_currencies(self._db))
        return Prepared(
            self._db, self._experiment, begin, tuple(self._left_out), tuple(self._notes)
        )

    def _note(self, left_out: LeftOut | None) -> None:
        if left_out:
            self._left_out.append(left_out)

    def _begin(self) -> datetime | None:
        """Return when the experiment began: as it says, else with its first assigned event."""
        if self._experiment.started:
            return self._experiment.started.replace(tzinfo=None)
        row = self._db.execute(
            "SELECT coalesce(min(moment) FILTER (variant IS NOT NULL), min(moment)) FROM e"
        ).fetchone()
        return row[0] if row else None

    def _find_units(self, begin: datetime | None) -> None:
        self._db.execute(
            """CREATE TABLE u AS SELECT unit, min(variant) AS variant, max(variant) AS other,
                      min(moment) AS entered
               FROM e WHERE variant IS NOT NULL AND moment >= $begin GROUP BY unit""",
            {"begin": begin},
        )
        if not self._number("SELECT count(*) FROM u"):
            raise ExperimentError(
                f"No event of the experiment “{self._experiment.id}” has one of its variants: "
                f"{', '.join(self._experiment.variant_names)}."
            )
        mixed = self._number("SELECT count(*) FROM u WHERE variant <> other")
        if mixed:
            self._left_out.append(
                LeftOut(
                    "two variants", mixed, True,
                    "A unit that saw two variants is left out: nobody can say which one acted.",
                )
            )  # fmt: skip
            self._db.execute("DELETE FROM u WHERE variant <> other")
        if not self._number("SELECT count(*) FROM u"):
            raise ExperimentError(
                f"No unit of the experiment “{self._experiment.id}” has events of one variant."
            )
        # What a unit did before it took part is its past; the rest belongs to its variant.
        self._db.execute(
            """CREATE TABLE mine AS SELECT e.* EXCLUDE (variant, strange), u.variant,
                      e.moment < $begin AS past
               FROM e JOIN u USING (unit) WHERE e.moment < $begin OR e.moment >= u.entered""",
            {"begin": begin},
        )
        replace_table(self._db, "e", "mine")

    def _add_sessions(self) -> None:
        """Make sessions by time where the log has none."""
        if self._number("SELECT count(session) FROM e"):
            return
        self._db.execute(
            f"""CREATE TABLE visits AS SELECT unit, moment, past, sum(starts) OVER (
                    PARTITION BY unit, past ORDER BY moment ROWS UNBOUNDED PRECEDING) AS visit
                FROM (SELECT unit, moment, past, (coalesce(moment - lag(moment) OVER (
                        PARTITION BY unit, past ORDER BY moment)
                        > to_minutes({SESSION_MINUTES}), TRUE))::INTEGER AS starts
                      FROM (SELECT DISTINCT unit, past, moment FROM e))"""  # noqa: S608
        )
        self._notes.append(
            f"The log has no sessions: a visit ends after {SESSION_MINUTES} minutes without an "
            "event."
        )

    def _number(self, query: str) -> int:
        return event_table.number(self._db, query)
