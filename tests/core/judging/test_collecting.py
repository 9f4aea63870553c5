from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from core.app.collecting import SET_ID, as_judged, collect
from core.domain import Box, EventKind, JudgmentQuery, Query
from core.errors import JudgmentError
from core.judging.judgment_queue import JudgmentQueue
from core.store.image_store import ImageStore
from tests.core.judging.desks import grade

CHAIR, LAMP = JudgmentQuery("", "chair"), JudgmentQuery("", "lamp")


def test_lists_gather_in_one_set_and_a_query_keeps_its_id(desk: JudgmentQueue) -> None:
    made, chair = collect(desk, CHAIR, ["a", "b", "a"], ["clip"])
    assert (made.set_id, chair.query_id, len(made.pairs)) == (SET_ID, "q1", 2)
    desk.judge(grade(made, "q1", "a", 2))
    made, lamp = collect(desk, LAMP, ["a"], ["vl-clip"])
    made, again = collect(desk, CHAIR, ["b", "c"], ["clip"])
    assert (lamp.query_id, again) == ("q2", chair)
    assert [pair.key for pair in made.pairs] == [("q1", "a"), ("q1", "b"), ("q2", "a"), ("q1", "c")]
    assert made.engines == ("clip", "vl-clip")
    assert [event.kind for event in desk.current(SET_ID)] == [EventKind.GRADE]
    with pytest.raises(JudgmentError, match="empty"):
        collect(desk, CHAIR, [], ["clip"])


def test_the_query_of_a_list_comes_first(desk: JudgmentQueue) -> None:
    for query in (CHAIR, LAMP):
        made, named = collect(desk, query, [f"{query.text}-{n}" for n in range(9)], ["clip"])
    hand = desk.deal(made.set_id, "ada", 12, first=named.query_id)
    assert [task.pair.query.text for task in hand.tasks] == ["lamp"] * 9 + ["chair"] * 3


def test_a_search_becomes_what_a_set_can_hold(tmp_path: Path) -> None:
    opened: Any = SimpleNamespace(images=ImageStore(tmp_path))
    photo = Image.new("RGB", (64, 32), "navy")
    part = as_judged(Query(" red ", photo, region=Box(0, 0, 16, 16)), opened)
    assert (part.text, part.item_id) == ("red", "")
    assert opened.images.open(part.picture).size == (16, 16)
    assert as_judged(Query("red", item_id="a"), opened) == JudgmentQuery("", "red", "a")
    for odd in (Query("red", minus="blue"), Query("  ")):
        with pytest.raises(JudgmentError):
            as_judged(odd, opened)
