from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.demo_judgments import digest, read
from core.domain import EventKind, JudgmentQuery
from core.errors import CatalogError
from tests.core.catalog.shipped_judgments import LABELS, QUERIES, SET, write

HASH = "a" * 64


def test_a_set_with_queries_pairs_labels_and_who_graded(tmp_path: Path) -> None:
    stored: list[Path] = []

    def store(path: Path) -> str:
        stored.append(path)
        return HASH

    shipped = read(write(tmp_path), store)
    made = shipped.judgment_set
    assert (made.set_id, made.name, made.depth, made.engines) == (
        "small", "Small set", 10, ("clip", "vl-clip"),
    )  # fmt: skip
    assert made.queries == (
        JudgmentQuery("q1", text="chair"),
        JudgmentQuery("q2", item_id="i-0"),
        JudgmentQuery("q3", picture=HASH),
    )
    assert stored == [tmp_path / "pictures" / "q3.jpg"]
    assert [pair.key for pair in made.pairs] == [("q1", "i-0"), ("q2", "i-1"), ("q3", "i-2")]
    assert made.rules.guidelines == "Look closely."
    assert made.grades == {0: "irrelevant", 3: "exact"}
    assert made.rules.overlap == 0, "everybody may judge all of it"
    assert shipped.item_ids == {"i-0", "i-1", "i-2"}
    assert (shipped.about, shipped.raters) == (
        "Graded by two of the authors.", {"grader A", "grader B", "both together"},
    )  # fmt: skip
    assert [(e.annotator, e.kind, e.grade, e.note) for e in shipped.events[:3]] == [
        ("grader A", EventKind.GRADE, 3, ""),
        ("grader B", EventKind.GRADE, 0, "the seat is hidden"),
        ("both together", EventKind.ADJUDICATE, 3, "it is a chair"),
    ]
    again = read(tmp_path, lambda _: HASH)
    assert again == shipped, "the ids of labels stay the same, so that they count once"


def test_another_file_is_another_version(tmp_path: Path) -> None:
    first = digest(write(tmp_path))
    assert digest(write(tmp_path)) == first
    assert (
        digest(write(tmp_path, LABELS.replace("q2,i-1,grader B,0", "q2,i-1,grader B,3"))) != first
    )
    assert digest(tmp_path / "nowhere") == ""


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"labels": LABELS.replace("q2,i-1,grader A,0", "q9,i-1,grader A,0")}, "q9"),
        ({"labels": LABELS.replace("q2,i-1,grader A,0", "q2,i-1,grader C,0")}, "grader C"),
        ({"labels": LABELS.replace("q2,i-1,grader A,0", "q2,i-1,grader A,high")}, "high"),
        ({"labels": "query,item\nq1,i-0\n"}, "labels.csv"),
        ({"labels": LABELS.splitlines()[0]}, "no labels"),
        ({"queries": QUERIES.replace("pictures/q3.jpg", "../../q3.jpg")}, "q3"),
        ({"set_file": SET.replace("id =", "name2 =")}, "set.toml"),
        ({"set_file": "name = ["}, "set.toml"),
    ],
)
def test_a_damaged_set_is_named(tmp_path: Path, files: dict[str, str], reason: str) -> None:
    with pytest.raises(CatalogError, match=r"judgment set .* damaged") as error:
        read(write(tmp_path, **files), lambda _: HASH)
    assert reason in str(error.value)
