"""A search in another language that is answered as an English one is as open as that."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.app.judging import JudgingService
from core.domain import JudgmentQuery, Query, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.search.query_reading import QueryReader
from core.settings import SHIPPED
from core.store.database import open_database
from tests.core.judging.desks import result


@pytest.fixture
def judging(tmp_path: Path) -> JudgingService:
    queue = JudgmentQueue(open_database(tmp_path / "lance"))
    asked = [JudgmentQuery("q1", "blue chair")]
    queue.sets.create("Chairs", asked, ("clip",), 2, Rules(), lambda _: [result("clip", ["a"])])
    counts: Any = SimpleNamespace(language="en")
    reader = QueryReader(counts, SHIPPED / "vocabularies")
    opened = SimpleNamespace(judgment_queue=queue, searcher=reader)
    library: Any = SimpleNamespace(get=lambda name=None: opened)
    nothing: Any = None
    return JudgingService(library, nothing, nothing, nothing)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [("blue chair", True), ("chaise bleue", True), ("Blauer Stuhl", True), ("chaise rouge", False)],
)
def test_searches_answered_as_an_open_query_are_open(
    judging: JudgingService, text: str, is_open: bool
) -> None:
    assert judging.is_open_search(Query(text)) is is_open
    assert judging.is_any_open(["lamp", text]) is is_open
