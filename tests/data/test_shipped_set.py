"""The judgment set that ships in data/demo/judgments: whole, and about items that exist."""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from pathlib import Path

from PIL import Image

from core.catalog.demo_judgments import ShippedSet, read
from core.domain import EventKind
from core.settings import SHIPPED

FOLDER = SHIPPED / "demo" / "judgments"


@cache
def shipped() -> ShippedSet:
    return read(FOLDER, lambda path: path.stem.encode().hex().ljust(64, "0"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_pool_covers_all_sixty_queries_and_its_items_exist() -> None:
    queries = shipped().judgment_set.queries
    assert {query.query_id for query in queries} == {
        row["query_id"] for row in rows(FOLDER / "queries.csv")
    }
    kinds = ("text", "item_id", "picture")
    counts = Counter(kind for query in queries for kind in kinds if getattr(query, kind))
    assert counts == {"text": 36, "item_id": 12, "picture": 12}
    items = {row["item_id"] for row in rows(SHIPPED / "demo" / "items.csv")}
    assert shipped().item_ids <= items
    assert min(Counter(p.query.query_id for p in shipped().judgment_set.pairs).values()) >= 5


def test_both_grade_every_pair_on_the_scale() -> None:
    made = shipped().judgment_set
    grades = {
        (event.annotator, event.query_id, event.item_id): event.grade
        for event in shipped().events
        if event.kind is EventKind.GRADE
    }
    assert len(grades) == 2 * len(made.pairs)
    decided = [event for event in shipped().events if event.kind is EventKind.ADJUDICATE]
    open_pairs = {
        pair.key
        for pair in made.pairs
        if len({grades[(who, *pair.key)] for who in ("grader A", "grader B")}) > 1
    }
    assert open_pairs <= {(event.query_id, event.item_id) for event in decided}
    assert all(event.note for event in decided)
    assert set(grades.values()) == set(made.grades) == {0, 1, 2, 3}
    assert "Graded by the authors" in shipped().about


def test_its_pictures_are_small_and_all_are_asked_with() -> None:
    pictures = {row["picture"] for row in rows(FOLDER / "queries.csv")} - {""}
    files = {path.relative_to(FOLDER).as_posix() for path in (FOLDER / "pictures").iterdir()}
    assert files == pictures
    for name in pictures:
        with Image.open(FOLDER / name) as picture:
            assert picture.format == "JPEG"
            assert max(picture.size) <= 384
