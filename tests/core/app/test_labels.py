"""Labels of an annotator are taken out of a set whole."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.app.labels import LabelService
from core.domain import EventKind, JudgmentEvent, JudgmentQuery, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.store.database import open_database
from tests.core.judging.desks import result


def test_corrected_labels_and_flags_go_with_the_labels_that_count(tmp_path: Path) -> None:
    queue = JudgmentQueue(open_database(tmp_path / "lance"))
    library: Any = SimpleNamespace(get=lambda name=None: SimpleNamespace(judgment_queue=queue))
    labels = LabelService(library)
    asked = [JudgmentQuery("q1", "chair")]
    made = queue.sets.create(
        "Chairs", asked, ("clip",), 3, Rules(), lambda _: [result("clip", ["a", "b", "c"])]
    )

    def act(who: str, item: str, grade: int | None, kind: EventKind = EventKind.GRADE) -> None:
        queue.judge(
            JudgmentEvent(
                uuid.uuid4().hex, kind, made.set_id, "q1", item, who, grade, "", datetime.now(UTC),
                1.0,
            )
        )  # fmt: skip

    for grade in (0, 3, 1):
        act("ada", "a", grade)  # corrected twice
    act("ada", "b", 2)
    act("ada", "c", None, EventKind.FLAG)
    act("bob", "a", 2)
    assert len(labels.disagreements(made.set_id)) == 2  # ada and bob on a; the flag on c

    assert labels.delete_labels(made.set_id, "ada", "lea") == 2
    assert [(e.annotator, e.item_id, e.grade) for e in queue.current(made.set_id)] == [
        ("bob", "a", 2)
    ]
    assert labels.disagreements(made.set_id) == ()
    before = len(queue.events(made.set_id))
    assert labels.delete_labels(made.set_id, "ada", "lea") == 0
    assert len(queue.events(made.set_id)) == before
