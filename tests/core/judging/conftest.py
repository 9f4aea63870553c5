"""A desk on an empty store, and a set of 14 pairs on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import (
    JudgmentSet,
    Rules,
)
from core.judging.judgment_queue import JudgmentQueue
from core.store.database import open_database
from tests.core.judging.desks import QUERIES, answer


@pytest.fixture
def desk(tmp_path: Path) -> JudgmentQueue:
    # The secret of a store is random; with this one every run draws the same hidden repeats.
    (tmp_path / "judging-task-keys").write_bytes(bytes(range(32)))
    return JudgmentQueue(open_database(tmp_path / "lance"))


@pytest.fixture
def made(desk: JudgmentQueue) -> JudgmentSet:
    return desk.sets.create(
        "Chairs, round 1",
        QUERIES,
        ("clip", "vl-clip"),
        4,
        Rules(guidelines="Look closely."),
        answer,
    )
