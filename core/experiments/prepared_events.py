"""Load the events of one experiment into DuckDB, on disk and in bounded memory, and clean them.

DuckDB sums ten million events in seconds on two cores and writes to disk what does not fit, so no
step here holds all events in Python. Identifiers become 64-bit hashes: two of ten million
are equal by chance once in 400,000 logs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from core.errors import ExperimentError
from core.experiments.behaviour_events import SCHEMA
from core.experiments.model import Experiment

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Memory of DuckDB's buffers; the rest of the process needs about as much again.
MEMORY_MB = 800
#: A second click on the same item of the same list within so many seconds is a double click.
DOUBLE_CLICK = 10.0
#: Robots: more clicks in a minute, or more searches in an hour, than people make.
CLICKS_A_MINUTE, SEARCHES_AN_HOUR = 20, 100
#: Robots: so many clicks, on nearly all of the shown items.
MANY_CLICKS, NEARLY_ALL = 50, 0.9
#: A visit without a session id ends after so many minutes without an event.
SESSION_MINUTES = 30

_KINDS = ("search", "exposure", "click", "cart", "purchase", "visit")
SEARCH, EXPOSURE, CLICK, CART, PURCHASE = range(5)
_HASHED = ("event_id", "session", "query_id", "item_id", "order_id")
_NEEDED = ("time", "kind", "unit")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A named rule, and how much it left out.

    Attributes:
        rule: Name of the rule: ``repeated event``, ``double click``, ``robot`` …
        count: Number of events, or of units where ``unit`` is true.
        unit: Whether whole units were left out.
        about: The rule as a sentence.
    """

    rule: str
    count: int
    unit: bool
    about: str


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
        return _number(self.database, query)


@contextmanager
def prepared(experiment: Experiment, frame: Any) -> Iterator[Prepared]:
    """Load and clean events; the files are removed when the block ends.

    Args:
        experiment: Whose events count.
        frame: Table, reader of record batches or data frame with the columns of
            ``behaviour_events.SCHEMA``; time, kind and unit are needed, all others may be missing.
            A reader is read once.

    Raises:
        ExperimentError: A needed column is missing, or no unit has a variant.
    """
    import duckdb  # slow to import, and seldom needed

    with tempfile.TemporaryDirectory(prefix="vlclip-events-") as folder:
        database = duckdb.connect(str(Path(folder) / "events.duckdb"))
        try:
            database.execute(f"SET memory_limit='{MEMORY_MB}MB'")
            database.execute("SET temp_directory=$folder", {"folder": folder})
            database.execute("SET preserve_insertion_order=false")
            yield _Preparation(database, experiment).run(frame)
        finally:
            database.close()


class _Preparation:
    """The steps, in order; each notes what it left out."""

    def __init__(self, database: DuckDBPyConnection, experiment: Experiment) -> None:
        self._db, self._experiment = database, experiment
        self._left_out: list[LeftOut] = []
        self._notes: list[str] = []

    def run(self, frame: Any) -> Prepared:
        self._load(frame)
        self._drop_repeats()
        begin = self._begin()
        self._find_units(begin)
        self._drop_robots()
        self._drop_double_clicks()
        self._add_sessions()
        self._take_main_currency()
        return Prepared(
            self._db, self._experiment, begin, tuple(self._left_out), tuple(self._notes)
        )

    def _load(self, frame: Any) -> None:
        frame = _as_arrow(frame)
        columns = set(frame.schema.names)
        if missing := [name for name in _NEEDED if name not in columns]:
            raise ExperimentError(f"The events have no column “{missing[0]}”.")
        texts = {name: _text(name, columns) for name in SCHEMA.names}
        hashes = {name: _hashed(texts[name]) for name in _HASHED}
        numbers = {
            name: f"{name}::DOUBLE" if name in columns else "NULL::DOUBLE"
            for name in ("amount", "results")
        }
        names = self._experiment.variant_names
        variant, kind = texts["variant"], "kind::VARCHAR"
        mine = f"({texts['experiment']} IS NULL OR {texts['experiment']} = $id)"
        ends = "AND time::TIMESTAMP <= $ended" if self._experiment.ended else ""
        values: dict[str, Any] = {
            "id": self._experiment.id, "variants": list(names), "kinds": list(_KINDS),
        }  # fmt: skip
        if self._experiment.ended:
            values["ended"] = self._experiment.ended.replace(tzinfo=None)
        self._db.execute("SET TimeZone='UTC'")
        self._db.register("frame", frame)
        self._db.execute(
            f"""
            CREATE TABLE e AS SELECT
                {hashes["event_id"]} AS id, time::TIMESTAMP AS moment, hash(unit::VARCHAR) AS unit,
                (list_position($kinds, {kind}) - 1)::UTINYINT AS kind,
                (list_position($variants, {variant}) - 1)::UTINYINT AS variant,
                {variant} IS NOT NULL AND NOT list_contains($variants, {variant}) AS strange,
                {hashes["session"]} AS session, {hashes["query_id"]} AS query,
                {hashes["item_id"]} AS item, {hashes["order_id"]} AS ordered,
                {numbers["amount"]} AS amount, {numbers["results"]} AS results,
                {texts["currency"]} AS currency, {texts["device"]} AS device,
                {texts["query_class"]} AS query_class, {texts["product_type"]} AS product_type
            FROM frame WHERE unit IS NOT NULL AND time IS NOT NULL AND {mine}
                AND list_contains($kinds, {kind}) {ends}
            """,  # noqa: S608 (the texts are made here, of fixed names)
            values,
        )
        self._db.unregister("frame")
        strange = self._number("SELECT count(*) FROM e WHERE strange")
        if strange:
            self._left_out.append(
                LeftOut(
                    "unknown variant", strange, False,
                    "An event of a variant that the experiment does not have is left out.",
                )
            )  # fmt: skip
            self._db.execute("DELETE FROM e WHERE strange")

    def _drop_repeats(self) -> None:
        total, distinct = self._row("SELECT count(id), count(DISTINCT id) FROM e")
        if total == distinct:
            return
        self._db.execute(
            """CREATE TABLE once AS SELECT * FROM e QUALIFY id IS NULL
               OR row_number() OVER (PARTITION BY id ORDER BY moment) = 1"""
        )
        self._replace("e", "once")
        self._left_out.append(
            LeftOut(
                "repeated event", total - distinct, False,
                "An event that was sent twice has one id, and counts once.",
            )
        )  # fmt: skip

    def _begin(self) -> datetime | None:
        """Return when the experiment began: as it says, else with its first assigned event."""
        if self._experiment.started:
            return self._experiment.started.replace(tzinfo=None)
        begin = self._db.execute("SELECT min(moment) FROM e WHERE variant IS NOT NULL").fetchone()
        return begin[0] if begin else None

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
        self._replace("e", "mine")

    def _drop_robots(self) -> None:
        self._db.execute(
            f"""CREATE TABLE robots AS
            SELECT DISTINCT unit FROM (
                SELECT unit FROM e WHERE kind = {CLICK}
                GROUP BY unit, date_trunc('minute', moment) HAVING count(*) > {CLICKS_A_MINUTE}
                UNION ALL
                SELECT unit FROM e WHERE kind = {SEARCH}
                GROUP BY unit, date_trunc('hour', moment) HAVING count(*) > {SEARCHES_AN_HOUR}
                UNION ALL
                SELECT unit FROM e WHERE kind IN ({CLICK}, {EXPOSURE}) GROUP BY unit
                HAVING count_if(kind = {CLICK}) >= {MANY_CLICKS}
                   AND count_if(kind = {CLICK}) >= {NEARLY_ALL} * count_if(kind = {EXPOSURE})
                   AND count_if(kind = {EXPOSURE}) > 0)"""  # noqa: S608 (numbers of this module)
        )
        robots = self._number("SELECT count(*) FROM robots")
        if robots:
            self._db.execute("DELETE FROM u WHERE unit IN (SELECT unit FROM robots)")
            self._db.execute("DELETE FROM e WHERE unit IN (SELECT unit FROM robots)")
            self._left_out.append(
                LeftOut(
                    "robot", robots, True,
                    f"A unit with more than {CLICKS_A_MINUTE} clicks in a minute, more than "
                    f"{SEARCHES_AN_HOUR} searches in an hour, or {MANY_CLICKS} clicks and more on "
                    "nearly all items that it was shown, is a robot and is left out.",
                )
            )  # fmt: skip

    def _drop_double_clicks(self) -> None:
        self._db.execute(
            f"""CREATE TABLE twice AS SELECT unit, query, item, moment FROM (
                SELECT unit, query, item, moment, moment - lag(moment) OVER (
                    PARTITION BY unit, query, item ORDER BY moment) AS gap
                FROM e WHERE kind = {CLICK} AND item IS NOT NULL)
            WHERE gap < to_milliseconds({int(DOUBLE_CLICK * 1000)})"""  # noqa: S608
        )
        doubles = self._number("SELECT count(*) FROM twice")
        if doubles:
            self._db.execute(
                f"""CREATE TABLE single AS
                SELECT * FROM e WHERE kind <> {CLICK} OR item IS NULL
                UNION ALL
                SELECT * EXCLUDE (gap) FROM (
                    SELECT *, moment - lag(moment) OVER (
                        PARTITION BY unit, query, item ORDER BY moment) AS gap
                    FROM e WHERE kind = {CLICK} AND item IS NOT NULL)
                WHERE gap IS NULL OR gap >= to_milliseconds({int(DOUBLE_CLICK * 1000)})"""  # noqa: S608
            )
            self._replace("e", "single")
            self._left_out.append(
                LeftOut(
                    "double click", doubles, False,
                    "A further click on the same item of the same list within "
                    f"{DOUBLE_CLICK:g} seconds is left out.",
                )
            )  # fmt: skip

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

    def _take_main_currency(self) -> None:
        """Leave out amounts in other currencies than the most frequent one."""
        rows = self._db.execute(
            f"""SELECT currency, count(*) FROM e WHERE kind = {PURCHASE} AND amount IS NOT NULL
                AND currency IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"""  # noqa: S608
        ).fetchall()
        if len(rows) < 2:
            return
        main, others = rows[0][0], sum(count for _, count in rows[1:])
        self._db.execute(
            "UPDATE e SET amount = NULL WHERE currency IS NOT NULL AND currency <> $main",
            {"main": main},
        )
        self._left_out.append(
            LeftOut(
                "other currency", others, False,
                f"Amounts are added up in one currency, {main}; those in others are left out.",
            )
        )  # fmt: skip

    def _replace(self, old: str, new: str) -> None:
        self._db.execute(f"DROP TABLE {old}")
        self._db.execute(f"ALTER TABLE {new} RENAME TO {old}")

    def _row(self, query: str) -> tuple[int, ...]:
        row = self._db.execute(query).fetchone()
        return row or (0, 0)

    def _number(self, query: str) -> int:
        return _number(self._db, query)


def _number(database: DuckDBPyConnection, query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _text(name: str, columns: set[str]) -> str:
    return f"NULLIF({name}::VARCHAR, '')" if name in columns else "NULL::VARCHAR"


def _hashed(text: str) -> str:
    return f"CASE WHEN {text} IS NULL THEN NULL ELSE hash({text}) END"


def _as_arrow(frame: Any) -> pa.Table | pa.RecordBatchReader:
    """Return a table or a reader; a data frame of pandas becomes a table, its NaN nulls."""
    if isinstance(frame, pa.Table | pa.RecordBatchReader):
        return frame
    return pa.Table.from_pandas(frame, preserve_index=False)
