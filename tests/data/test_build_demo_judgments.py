"""The script that writes the demo's judgment set: it refuses what does not fit together."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.catalog.demo_judgments import read
from core.settings import SHIPPED
from tests.core.catalog.shipped_judgments import SET

sys.path.insert(0, str(SHIPPED.parent / "scripts"))
from build_demo_judgments import build

POOL = "query_id,item_id\nq1,i-1\nq1,i-0\nq3,i-2\n"
A = "query_id,item_id,grade,note\nq1,i-1,0,\nq1,i-0,3,\nq3,i-2,3,half hidden\n"
B = "query_id,item_id,grade\nq1,i-1,0\nq1,i-0,0\nq3,i-2,3\n"
DECIDED = "query_id,item_id,grade,note\nq1,i-0,3,it is a chair\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "picks/set.toml": SET,
        "picks/queries.csv": "query_id,text,item_id,photo,box\nq1,chair,,,\nq3,,,r.jpg,0 0 9 9\n",
        "picks/judgments/pool.csv": POOL,
        "picks/judgments/a.csv": A,
        "picks/judgments/b.csv": B,
        "picks/judgments/decided.csv": DECIDED,
        "demo/items.csv": "item_id,title\ni-0,Chair\ni-1,Lamp\ni-2,Vase\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "picks/set.toml").rename(tmp_path / "picks/judgments/set.toml")
    (tmp_path / "demo/judgments/pictures").mkdir(parents=True)
    (tmp_path / "demo/judgments/pictures/q3.jpg").write_bytes(b"picture")
    return tmp_path


def test_what_it_writes_is_a_shipped_set(folder: Path) -> None:
    build(folder / "picks", folder / "demo")
    shipped = read(folder / "demo" / "judgments", lambda _: "a" * 64)
    assert [pair.key for pair in shipped.judgment_set.pairs] == [
        ("q1", "i-0"), ("q1", "i-1"), ("q3", "i-2"),
    ]  # fmt: skip
    assert [(e.item_id, e.annotator, e.grade, e.note) for e in shipped.events] == [
        ("i-0", "grader A", 3, ""),
        ("i-0", "grader B", 0, ""),
        ("i-0", "both together", 3, "it is a chair"),
        ("i-1", "grader A", 0, ""),
        ("i-1", "grader B", 0, ""),
        ("i-2", "grader A", 3, "half hidden"),
        ("i-2", "grader B", 3, ""),
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("a.csv", "q1,i-0,3", "q1,i-0,2", "q1 i-0: the grade “2” is not on the scale"),
        ("a.csv", "q1,i-0,3,\n", "", "q1 i-0: not graded in a.csv"),
        ("b.csv", "q3,i-2,3\n", "q3,i-2,3\nq3,i-2,3\n", "q3 i-2: twice in b.csv"),
        ("b.csv", "q3,i-2,3\n", "q3,i-2,3\nq3,i-9,3\n", "q3 i-9: in b.csv, but not in the pool"),
        ("pool.csv", "q3,i-2\n", "q3,i-2\nq9,i-2\n", "there is no query q9"),
        ("pool.csv", "q3,i-2\n", "q3,i-2\nq3,i-9\n", "there is no item i-9"),
        ("pool.csv", "q3,i-2\n", "", "the query q3 has no pair"),
        ("decided.csv", "q1,i-0,3,it", "q3,i-2,3,it", "q1 i-0: not decided"),
        ("decided.csv", "it is a chair", "", "q1 i-0: decided without a reason"),
    ],
)
def test_what_does_not_fit_is_listed(
    folder: Path, name: str, old: str, new: str, reason: str
) -> None:
    path = folder / "picks" / "judgments" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match="judgments do not fit") as error:
        build(folder / "picks", folder / "demo")
    assert reason in str(error.value)
    assert not (folder / "demo" / "judgments" / "labels.csv").exists()


def test_disagreements_may_be_open_while_nothing_is_decided(folder: Path) -> None:
    (folder / "picks" / "judgments" / "decided.csv").unlink()
    build(folder / "picks", folder / "demo")
    shipped = read(folder / "demo" / "judgments", lambda _: "a" * 64)
    assert {event.annotator for event in shipped.events} == {"grader A", "grader B"}


def test_a_query_s_picture_must_be_there(folder: Path) -> None:
    (folder / "demo/judgments/pictures/q3.jpg").unlink()
    with pytest.raises(ValueError, match="the picture of q3 is missing: run build_demo"):
        build(folder / "picks", folder / "demo")
