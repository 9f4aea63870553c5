"""A set is renamed and removed; imports after that make new sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import EventKind
from core.errors import JudgmentError
from core.judging.importing import carry_out, plan
from core.judging.judgment_queue import JudgmentQueue
from core.judging.label_export import Labels, write
from core.store.database import open_database


@pytest.fixture
def desk(tmp_path: Path) -> JudgmentQueue:
    return JudgmentQueue(open_database(tmp_path / "lance"))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "theirs.csv"
    path.write_text("query,docid,rating\nlamp,l1,3\nlamp,l2,0\n")
    return path


def take(desk: JudgmentQueue, path: Path) -> str:
    planned = plan(desk, path, lambda ids: ids)
    carry_out(desk, planned)
    return planned.judgment_set.set_id


def test_a_set_has_another_name_and_the_same_labels(desk: JudgmentQueue, labels: Path) -> None:
    set_id = take(desk, labels)
    before = desk.current(set_id)
    assert desk.sets.rename(set_id, "  Autumn \n lamps ").name == "Autumn lamps"
    assert desk.sets.get(set_id).name == "Autumn lamps"
    assert desk.current(set_id) == before
    assert take(desk, labels) == set_id  # the file still goes into its set
    for wrong in ("", " ", "x" * 300):
        with pytest.raises(JudgmentError, match="1 to 200 characters"):
            desk.sets.rename(set_id, wrong)
    with pytest.raises(JudgmentError, match="no judgment set “nope”"):
        desk.sets.rename("nope", "x")


def test_a_removed_set_is_gone_for_all_processes_and_its_labels_stay_in_the_log(
    desk: JudgmentQueue, labels: Path, tmp_path: Path
) -> None:
    set_id = take(desk, labels)
    other = JudgmentQueue(open_database(tmp_path / "lance"))
    assert other.sets.get(set_id).name == "theirs"
    assert desk.remove(set_id, "lead").set_id == set_id
    for queue in (desk, other):
        queue.sets.look_again()
        assert queue.sets.all() == ()
        with pytest.raises(JudgmentError, match="no judgment set"):
            queue.current(set_id)
    with pytest.raises(JudgmentError, match="no judgment set"):
        desk.remove(set_id, "lead")
    kinds = [event.kind for event in desk._log.events(set_id)]
    assert sorted(kinds) == [EventKind.DELETE] * 2 + [EventKind.GRADE] * 2


def test_a_file_makes_a_new_set_after_its_set_was_removed(
    desk: JudgmentQueue, labels: Path
) -> None:
    first = take(desk, labels)
    desk.remove(first, "lead")
    second = take(desk, labels)
    assert second == f"{first}-2"
    assert len(desk.current(second)) == 2
    assert take(desk, labels) == second
    assert len(desk.current(second)) == 2


def test_an_export_brings_a_removed_set_back_with_its_labels(
    desk: JudgmentQueue, labels: Path, tmp_path: Path
) -> None:
    set_id = take(desk, labels)
    made, current = desk.sets.get(set_id), desk.current(set_id)
    file = write(Labels(made, current, current, {}), tmp_path / "kept.jsonl", "jsonl")
    desk.remove(set_id, "lead")
    back = take(desk, file)
    assert back == f"{set_id}-2"
    assert (desk.sets.get(back).name, desk.sets.get(back).pairs) == (made.name, made.pairs)
    assert [(e.event_id, e.grade) for e in desk.current(back)] == [
        (e.event_id, e.grade) for e in current
    ]


def test_a_label_that_was_deleted_counts_again_when_its_file_is_taken_in_again(
    desk: JudgmentQueue, labels: Path
) -> None:
    set_id = take(desk, labels)
    desk.delete(set_id, [event.event_id for event in desk.current(set_id)], "lead")
    assert desk.current(set_id) == []
    planned = plan(desk, labels, lambda ids: ids)
    assert (planned.stored, carry_out(desk, planned)) == (0, 2)
    assert {event.item_id: event.grade for event in desk.current(set_id)} == {"l1": 3, "l2": 0}
    again = plan(desk, labels, lambda ids: ids)
    assert (again.stored, carry_out(desk, again)) == (2, 0)


def test_a_label_that_another_file_replaced_counts_again(desk: JudgmentQueue, labels: Path) -> None:
    set_id, first = take(desk, labels), labels.read_text()
    labels.write_text(first.replace("l1,3", "l1,1"))
    take(desk, labels)
    assert {event.item_id: event.grade for event in desk.current(set_id)}["l1"] == 1
    labels.write_text(first)
    take(desk, labels)
    assert {event.item_id: event.grade for event in desk.current(set_id)}["l1"] == 3


def test_a_removed_set_of_the_same_id_made_again_starts_empty(desk: JudgmentQueue) -> None:
    """Lists from Explore go into a set of one id, which may be removed and begun again."""
    from core.app.collecting import SET_ID, collect
    from core.domain import JudgmentQuery
    from tests.core.judging.desks import grade

    first, _ = collect(desk, JudgmentQuery("", "lamp"), ["l1", "l2"], ["clip"])
    desk.judge(grade(first, "q1", "l1", 3))
    desk.remove(SET_ID, "lead")
    made, _ = collect(desk, JudgmentQuery("", "rug"), ["l1"], ["clip"])
    assert [pair.key for pair in made.pairs] == [("q1", "l1")]
    assert made.queries[0].text == "rug"
    assert desk.current(SET_ID) == []
    assert [pair.query.text for pair in desk.next_pairs(SET_ID, "ada", 5)] == ["rug"]
    desk.judge(grade(made, "q1", "l1", 1))
    assert [event.grade for event in desk.current(SET_ID)] == [1]
