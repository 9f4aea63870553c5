"""Named rules that clean the table of events ``e``: repeats, robots, double clicks, currencies.

Each rule changes the table and returns what it left out, or ``None`` where that is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.experiments.event_table import CLICK, EXPOSURE, PURCHASE, SEARCH, number, replace_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: A second click on the same item of the same list within so many seconds is a double click.
DOUBLE_CLICK = 10.0
#: Robots: more clicks in a minute, or more searches in an hour, than people make.
CLICKS_A_MINUTE, SEARCHES_AN_HOUR = 20, 100
#: Robots: so many clicks, on nearly all of the shown items.
MANY_CLICKS, NEARLY_ALL = 50, 0.9
#: The rule of robots as a sentence.
ABOUT_ROBOTS = (
    f"A unit with more than {CLICKS_A_MINUTE} clicks in a minute, more than {SEARCHES_AN_HOUR} "
    f"searches in an hour, or {MANY_CLICKS} clicks and more on nearly all items that it was shown, "
    "is a robot and is left out."
)


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


def drop_strange(database: DuckDBPyConnection) -> LeftOut | None:
    """Leave out events of variants that the experiment does not have."""
    strange = number(database, "SELECT count(*) FROM e WHERE strange")
    if not strange:
        return None
    database.execute("DELETE FROM e WHERE strange")
    return LeftOut(
        "unknown variant", strange, False,
        "An event of a variant that the experiment does not have is left out.",
    )  # fmt: skip


def drop_repeats(database: DuckDBPyConnection) -> LeftOut | None:
    """Leave out events that were sent again."""
    repeats = number(database, "SELECT count(id) - count(DISTINCT id) FROM e")
    if not repeats:
        return None
    database.execute(
        """CREATE TABLE once AS SELECT * FROM e QUALIFY id IS NULL
           OR row_number() OVER (PARTITION BY id ORDER BY moment) = 1"""
    )
    replace_table(database, "e", "once")
    return LeftOut(
        "repeated event", repeats, False,
        "An event that was sent twice has one id, and counts once.",
    )  # fmt: skip


def drop_robots(database: DuckDBPyConnection) -> LeftOut | None:
    """Leave out the events of units that act as no person does."""
    database.execute(
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
    robots = number(database, "SELECT count(*) FROM robots")
    if not robots:
        return None
    database.execute("DELETE FROM e WHERE unit IN (SELECT unit FROM robots)")
    return LeftOut("robot", robots, True, ABOUT_ROBOTS)


def drop_double_clicks(database: DuckDBPyConnection) -> LeftOut | None:
    """Leave out further clicks on an item of a list within seconds."""
    gap = """moment - lag(moment) OVER (PARTITION BY unit, query, item ORDER BY moment)"""
    clicks = f"FROM e WHERE kind = {CLICK} AND item IS NOT NULL"
    least = f"to_milliseconds({int(DOUBLE_CLICK * 1000)})"
    doubles = number(
        database,
        f"SELECT count(*) FROM (SELECT {gap} AS gap {clicks}) WHERE gap < {least}",  # noqa: S608
    )
    if not doubles:
        return None
    database.execute(
        f"""CREATE TABLE single AS
        SELECT * FROM e WHERE kind <> {CLICK} OR item IS NULL
        UNION ALL
        SELECT * EXCLUDE (gap) FROM (SELECT *, {gap} AS gap {clicks})
        WHERE gap IS NULL OR gap >= {least}"""  # noqa: S608
    )
    replace_table(database, "e", "single")
    return LeftOut(
        "double click", doubles, False,
        "A further click on the same item of the same list within "
        f"{DOUBLE_CLICK:g} seconds is left out.",
    )  # fmt: skip


def drop_other_currencies(database: DuckDBPyConnection) -> LeftOut | None:
    """Leave out amounts in other currencies than the most frequent one."""
    rows = database.execute(
        f"""SELECT currency, count(*) FROM e WHERE kind = {PURCHASE} AND amount IS NOT NULL
            AND currency IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"""  # noqa: S608
    ).fetchall()
    if len(rows) < 2:
        return None
    main, others = rows[0][0], sum(count for _, count in rows[1:])
    database.execute(
        "UPDATE e SET amount = NULL WHERE currency IS NOT NULL AND currency <> $main",
        {"main": main},
    )
    return LeftOut(
        "other currency", others, False,
        f"Amounts are added up in one currency, {main}; those in others are left out.",
    )  # fmt: skip
