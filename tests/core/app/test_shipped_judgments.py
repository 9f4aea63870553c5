"""The demo's judgment set in its catalogue: once, whole, and beside what people judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.app.labels import LabelService
from core.app.library import DEMO, Library
from core.app.shipped_judgments import ShippedJudgments
from core.catalog.demo_judgments import FOLDER, shipped_id
from core.domain import EventKind, Item, JudgmentEvent, Photo
from core.settings import Settings, load_settings
from core.store.items import ItemRecord
from tests.core.catalog.shipped_judgments import LABELS, SET, write


def record(item_id: str) -> ItemRecord:
    return ItemRecord(Item(item_id, "Chair", Photo("a" * 64, 10, 10, "0" * 16)), f"row {item_id}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture
def library(settings: Settings) -> Library:
    """A demo catalogue with the items that are judged."""
    library = Library(settings)
    library.create(DEMO).store.items.upsert([record(f"i-{number}") for number in range(3)])
    return library


@pytest.fixture
def shipped(library: Library, tmp_path: Path) -> ShippedJudgments:
    return ShippedJudgments(library, write(tmp_path / "shipped"))


def event(item_id: str, kind: EventKind, grade: int, who: str = "ada") -> JudgmentEvent:
    return JudgmentEvent(
        f"{who}-{kind}-{item_id}", kind, "small", "q1", item_id, who, grade, "why",
        datetime.now(UTC), 1.0,
    )  # fmt: skip


def test_the_set_comes_with_its_pictures_labels_and_decisions(
    shipped: ShippedJudgments, library: Library
) -> None:
    assert shipped.take_in() == ""
    catalog, labels = library.get(DEMO), LabelService(library)
    made = catalog.judgment_queue.sets.get("small")
    assert made.queries[-1].picture in catalog.images
    report = labels.report("small", DEMO)
    assert [person.name for person in report.annotators] == ["grader A", "grader B"]
    assert (report.agreement.judged, report.open_disagreements) == (3, 0)
    (case,) = labels.disagreements("small", DEMO)
    assert case.decision is not None
    assert case.decision.annotator == "both together"
    assert labels.qrels("small", catalog=DEMO) == {
        ("q1", "i-0"): 3, ("q2", "i-1"): 0, ("q3", "i-2"): 3,
    }  # fmt: skip
    assert catalog.judgment_queue.progress("small", "ada").total == 3, "one may judge it too"
    assert shipped.about(DEMO, "small") == "Graded by two of the authors."
    assert shipped.about("shop", "small") == shipped.about(DEMO, "other") == ""


def test_the_desk_of_the_demo_knows_which_set_came_with_its_grades(library: Library) -> None:
    set_id = shipped_id(library._settings.shipped / FOLDER)
    assert set_id
    assert library.get(DEMO).judgment_queue.shipped == set_id
    assert library.create("shop").judgment_queue.shipped == ""


def test_it_comes_once(shipped: ShippedJudgments, library: Library) -> None:
    shipped.take_in()
    queue = library.get(DEMO).judgment_queue
    before = queue.events("small")
    LabelService(library).delete_labels("small", "grader B", "ada", DEMO)
    queue.judge(event("i-0", EventKind.GRADE, 0))
    for again in (shipped, ShippedJudgments(Library(library._settings), shipped.folder)):
        assert again.take_in() == ""
    (library.get(DEMO).store.root / "shipped-judgments.json").unlink()
    assert shipped.take_in() == "", "a studio that was killed before it noted the set"
    queue = Library(library._settings).get(DEMO).judgment_queue
    assert len(queue.events("small")) == len(before) + 4
    assert {entry.annotator for entry in queue.current("small")} == {"ada", "grader A"}


def test_a_set_that_was_deleted_does_not_come_back(
    shipped: ShippedJudgments, library: Library
) -> None:
    shipped.take_in()
    library.get(DEMO).judgment_queue.sets._table.delete("set_id = 'small'")
    write(shipped.folder, LABELS + "q1,i-1,grader A,0,\nq1,i-1,grader B,0,\n")
    again = ShippedJudgments(Library(library._settings), shipped.folder)
    assert again.take_in() == ""
    assert Library(library._settings).get(DEMO).judgment_queue.sets.all() == ()


def test_a_newer_version_adds_and_takes_nothing_from_people(
    shipped: ShippedJudgments, library: Library
) -> None:
    shipped.take_in()
    queue = library.get(DEMO).judgment_queue
    queue.judge(event("i-0", EventKind.ADJUDICATE, 3))
    queue.judge(event("i-0", EventKind.GRADE, 0))
    queue.sets.revise(
        "small", lambda old: replace(old, rules=replace(old.rules, guidelines="Ours."))
    )
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
    newer = LABELS.replace("q1,i-0,both together,3", "q1,i-0,both together,0")
    newer += "q1,i-1,grader A,0,\nq1,i-1,grader B,0,\n"
    write(shipped.folder, newer, SET.replace("2026-11-28T13:00:00Z", later))
    assert shipped.take_in() == ""
    assert [pair.key for pair in queue.sets.get("small").pairs][3:] == [("q1", "i-1")]
    assert queue.sets.get("small").rules.guidelines == "Ours."
    grades = LabelService(library).qrels("small", catalog=DEMO)
    assert grades[("q1", "i-1")] == 0
    assert grades[("q1", "i-0")] == 3, "what a person decided stands"
    assert {entry.annotator for entry in queue.current("small")} == {
        "ada", "grader A", "grader B",
    }  # fmt: skip


def test_no_demo_or_no_set(settings: Settings, tmp_path: Path) -> None:
    library = Library(settings)
    assert ShippedJudgments(library, write(tmp_path / "shipped")).take_in() == ""
    assert library.names() == ()
    library.create(DEMO)
    nothing = ShippedJudgments(library, tmp_path / "nowhere")
    assert (nothing.take_in(), nothing.about(DEMO, ""), nothing.problem(DEMO)) == ("", "", "")


def test_an_older_demo_waits_until_it_has_the_items(
    shipped: ShippedJudgments, library: Library
) -> None:
    store = library.get(DEMO).store
    store.items.delete(["i-2"])
    sentence = shipped.take_in()
    assert "1 of its 3 items" in sentence
    assert "Index the demo again" in sentence
    assert shipped.problem(DEMO) == sentence
    assert library.get(DEMO).judgment_queue.sets.all() == ()
    store.items.upsert([record("i-2")])
    assert shipped.take_in() == shipped.problem(DEMO) == ""
    assert len(library.get(DEMO).judgment_queue.sets.all()) == 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), None])
def test_a_failure_is_named_and_tried_again(
    shipped: ShippedJudgments, library: Library, monkeypatch: pytest.MonkeyPatch,
    error: OSError | None,
) -> None:  # fmt: skip
    if error is None:
        (shipped.folder / "labels.csv").write_text("nothing\n", "utf-8")
    with monkeypatch.context() as patch:

        def full(*_: Any, **__: Any) -> None:
            raise error or AssertionError

        if error is not None:
            patch.setattr("core.app.shipped_judgments.carry_out", full)
        sentence = shipped.take_in()
    assert ("No space left" if error else "labels.csv") in sentence
    assert shipped.problem(DEMO) == sentence
    write(shipped.folder)
    assert shipped.take_in() == shipped.problem(DEMO) == ""
