"""Small judgment sets and labels for the tests of this room."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.domain import (
    EventKind,
    Hit,
    Item,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Pair,
    Photo,
    Rules,
    SearchResult,
)
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import Labels, write
from core.judging.pair_order import Order
from core.judging.state import SetState

START = datetime(2026, 1, 1, tzinfo=UTC)
QUERIES = (JudgmentQuery("q1", text="chair"), JudgmentQuery("q2", item_id="lamp-1"))


def result(engine: str, names: list[str]) -> SearchResult:
    photo = Photo("0" * 64, 10, 10, "0" * 16)
    hits = tuple(
        Hit(rank, Item(name, name, photo), score=1 / rank) for rank, name in enumerate(names, 1)
    )
    return SearchResult(engine, "f", hits, 0, 0.0, 0.0)


def answer(query: JudgmentQuery) -> list[SearchResult]:
    return [
        result("clip", [f"{query.query_id}-{i}" for i in range(5)]),
        result("vl-clip", [f"{query.query_id}-{i}" for i in range(3, 9)]),
    ]


def grade(
    judgment_set: JudgmentSet, query: str, item: str, value: int, who: str = "ada"
) -> JudgmentEvent:
    return JudgmentEvent(
        uuid.uuid4().hex, EventKind.GRADE, judgment_set.set_id, query, item, who, value, "",
        datetime.now(UTC), 1.0,
    )  # fmt: skip


def event(
    number: float, who: str = "ada", item: str = "a", grade: int | None = 1, **changes: Any
) -> JudgmentEvent:
    """Make a grade of the pair ("q", item), so many seconds after START; its id is the number."""
    made = JudgmentEvent(
        str(number), EventKind.GRADE, "set", "q", item, who, grade, "",
        START + timedelta(seconds=number), 1.0,
    )  # fmt: skip
    return replace(made, **changes)


def small_set(items: Sequence[str] = "abcdef", rules: Rules | None = None) -> JudgmentSet:
    """Make a set that is stored nowhere: an item per letter, all of one query."""
    query = JudgmentQuery("q", "chair")
    pairs = tuple(Pair(query, item) for item in items)
    return JudgmentSet("set", "Chairs", rules or Rules(), ("clip",), 9, pairs, START)


def order(
    judgment_set: JudgmentSet, annotator: str, secret: bytes = b"", one_query: bool = False
) -> list[Pair]:
    return Order(annotator, secret, one_query).of(judgment_set)


def rules_of(desk: JudgmentQueue, made: JudgmentSet, rules: Rules) -> JudgmentSet:
    return desk.sets.revise(made.set_id, lambda old: replace(old, rules=rules))


def export(desk: JudgmentQueue, made: JudgmentSet, target: Path, rule: str = "median") -> Path:
    """Standing labels of a set in the format of the file's ending."""
    current = desk.current(made.set_id)
    what = Labels(made, current, current, desk.look(made.set_id, SetState.decisions), rule)
    return write(what, target, target.suffix[1:])
