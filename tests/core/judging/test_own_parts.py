"""What hides engines from annotators costs little with many sets, and misses no news."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.domain import EventKind, JudgmentSet, Rules
from core.judging import own_parts, sets, states
from core.judging.judgment_queue import JudgmentQueue
from core.judging.open_sets import is_open_to, makes_final, note_shown
from core.judging.states import States
from core.store.database import open_database
from tests.core.judging.desks import grade, rules_of, small_set

MANY = 12


@pytest.fixture
def done(desk: JudgmentQueue, monkeypatch: pytest.MonkeyPatch) -> list[JudgmentSet]:
    """Many sets, of which few are kept in memory; ada graded all of them."""
    monkeypatch.setattr(states, "MOST_SETS", 3)
    monkeypatch.setattr(sets, "MOST_SETS", 3)
    small = small_set("a", Rules(overlap=1))
    made = [desk.sets.add(replace(small, set_id=f"s{number}")) for number in range(MANY)]
    desk.note(grade(each, "q", "a", 1) for each in made)
    return made


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sets that were looked at."""
    seen: list[str] = []
    look_each = States.look_each

    def noted(self: States, set_ids: Collection[str], at: Callable[..., Any]) -> Any:
        seen.extend(set_ids)
        return look_each(self, set_ids, at)

    monkeypatch.setattr(States, "look_each", noted)
    return seen


def test_a_request_of_who_is_done_looks_at_sets_with_news_only(
    desk: JudgmentQueue, done: list[JudgmentSet], looks: list[str]
) -> None:
    assert not is_open_to(desk, ["ada"])
    assert makes_final(desk, "ada")
    assert sorted(looks) == sorted(each.set_id for each in done)
    note_shown(desk, ["ada"])
    assert not makes_final(desk, "ada")
    looks.clear()
    for _ in range(3):
        assert not is_open_to(desk, ["ada"])
        assert not makes_final(desk, "ada")
        note_shown(desk, ["ada"])
    assert looks == []
    desk.judge(grade(done[7], "q", "a", 2, "bob"))
    looks.clear()
    assert not is_open_to(desk, ["ada"])
    assert looks == ["s7"]
    assert sum(len(desk.events(each.set_id)) for each in done) == 2 * MANY + 1


def test_lists_are_noted_for_all_sets_in_one_commit(
    desk: JudgmentQueue, done: list[JudgmentSet]
) -> None:
    before = desk._log.version
    note_shown(desk, ["ada", "bob"])
    assert desk._log.version == before + 1
    assert all(len(desk.events(each.set_id)) == 3 for each in done)


def test_what_other_servers_store_and_revise_is_seen(
    tmp_path: Path, desk: JudgmentQueue, done: list[JudgmentSet]
) -> None:
    other = JudgmentQueue(open_database(tmp_path / "lance"))
    assert not is_open_to(desk, ["ada"])
    (label,) = other.current("s4")
    other.delete("s4", [label.event_id], "lea")
    assert is_open_to(desk, ["ada"])
    desk.judge(grade(done[4], "q", "a", 1, "bob"))
    assert not is_open_to(desk, ["ada"])
    assert not is_open_to(desk, ["bob"])
    rules_of(other, done[5], Rules(overlap=2))
    assert is_open_to(desk, ["bob"])
    assert not is_open_to(desk, ["ada"])
    other.judge(replace(grade(done[5], "q", "a", 1, "bob"), kind=EventKind.UNSURE, grade=None))
    assert not is_open_to(desk, ["bob"])
    other.sets.add(replace(done[0], set_id="new"))
    assert is_open_to(desk, ["ada"])


def test_as_many_answers_as_there_is_room_for_are_kept(
    desk: JudgmentQueue, done: list[JudgmentSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_parts, "MOST_ANSWERS", 5)
    for _ in range(2):
        assert not is_open_to(desk, ["ada", "bob"])
    assert len(desk._parts._kept) == 5


def test_rows_are_counted_of_one_s_own_commits_and_those_of_others(
    tmp_path: Path, desk: JudgmentQueue, done: list[JudgmentSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    other, expected = (
        JudgmentQueue(open_database(tmp_path / "lance")),
        {f"s{n}": 1 for n in range(MANY)},
    )
    assert desk._log.counted()[1] == other._log.counted()[1] == expected
    other.judge(grade(done[1], "q", "a", 1, "bob"))
    expected["s1"] += 1
    assert desk._log.counted()[1] == expected
    with monkeypatch.context() as unread:
        unread.setattr("core.judging.log.read_rows", None)
        desk._log.append([grade(done[2], "q", "a", 1, "bob")] * 2)
        expected["s2"] += 2
        assert desk._log.counted()[1] == expected
    assert other._log.counted()[1] == expected


def test_sets_that_are_not_in_memory_are_read_in_one_search(
    tmp_path: Path, desk: JudgmentQueue, done: list[JudgmentSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one the first request of lists took two seconds for 246 sets."""
    fresh = JudgmentQueue(open_database(tmp_path / "lance"))
    searches: list[str] = []
    for module in ("log", "sets"):
        for name in ("read_rows", "read_by"):
            place = f"core.judging.{module}.{name}"
            read = pkgutil.resolve_name(place.replace(f".{name}", f":{name}"))

            def noted(*given: Any, place: str = place, read: Any = read) -> Any:
                searches.append(place.removeprefix("core.judging."))
                return read(*given)

            monkeypatch.setattr(place, noted)
    assert not is_open_to(fresh, ["ada"])
    assert searches.count("log.read_by") == 1
    assert searches.count("log.read_rows") == 1  # the numbers of rows
    assert len(searches) <= 4
    assert makes_final(fresh, "ada")


def test_sets_are_read_in_portions(
    desk: JudgmentQueue, done: list[JudgmentSet], looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_parts, "SETS_AT_ONCE", 5)
    assert makes_final(desk, "ada")
    assert len(looks) == 5  # it is known after the first portion
    monkeypatch.setattr(own_parts, "ROWS_AT_ONCE", 2)
    note_shown(desk, ["ada"])
    assert sorted(looks) == sorted(each.set_id for each in done)
    assert sum(len(desk.events(each.set_id)) for each in done) == 2 * MANY


def test_a_set_that_is_gone_hides_nothing(
    tmp_path: Path, desk: JudgmentQueue, done: list[JudgmentSet]
) -> None:
    other = JudgmentQueue(open_database(tmp_path / "lance"))
    assert is_open_to(other, ["bob"]) is is_open_to(desk, ["bob"]) is False
    rules_of(desk, done[5], Rules(overlap=2))
    assert is_open_to(other, ["bob"])
    assert list(other.sets.several(["s5", "s6", "no such set"])) == ["s5", "s6"]
    desk.remove("s5", "lea")
    assert not is_open_to(other, ["bob"])
    assert list(other.sets.several(["s5", "s6"])) == ["s6"]
