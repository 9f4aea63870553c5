"""The small catalogue with a set in which everything is graded, for simulated visitors."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

from core.app.library import Catalog
from core.app.studio import Studio
from core.domain import EventKind, JudgmentEvent, JudgmentQuery
from core.settings import load_settings
from core.store.vectors import VectorRow
from tests import whole

#: Words that no title has, so that vectors alone make the lists.
QUERIES = ("something soft", "furnishing")


def graded(data: Path, *, annotator: str = "ada") -> Studio:
    """Fill a data directory; the items of the set have the grades 3, 2 and 1."""
    data.mkdir(exist_ok=True)
    _mix(whole.fill(data))
    studio = Studio(load_settings(data_dir=data))
    queue = studio.judging.queue(whole.NAME)
    asked = tuple(JudgmentQuery(f"g{n}", text=text) for n, text in enumerate(QUERIES))
    judgment_set = studio.judging.create(
        "Graded", asked, engines=("clip",), depth=len(whole.TITLES), catalog=whole.NAME
    )
    for number, pair in enumerate(judgment_set.pairs):
        queue.judge(
            JudgmentEvent(
                uuid.uuid4().hex, EventKind.GRADE, judgment_set.set_id, pair.query.query_id,
                pair.item_id, annotator, 3 - number % 3, "", datetime.now(UTC), 1.0,
            )
        )  # fmt: skip
    return studio


def _mix(catalog: Catalog) -> None:
    """Give each item another one's vectors in the second engine, so that the lists differ."""
    table = catalog.store.vectors(whole.ENGINES[1])
    ids = [f"i-{number}" for number in range(len(whole.TITLES))]
    rows = table.get(ids)
    table.upsert([
        VectorRow(item_id, "key", "", "", "home", "", rows[item_id].phash, rows[other].image_vector,
                  rows[other].text_vector, rows[other].vector)
        for item_id, other in zip(ids, [*ids[1:], ids[0]], strict=True)
    ])  # fmt: skip
