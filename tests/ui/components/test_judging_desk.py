"""What the judging page's script is answered: which judgments are saved, and why others are not."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.app.labels import LabelService
from core.domain import JudgmentEvent, Rules, Task
from core.errors import CatalogDamaged, NotSaved
from core.judging.judgment_queue import JudgmentQueue
from core.judging.leases import LEASE_SECONDS
from core.judging.open_sets import note_shown
from core.people import People, Role
from core.store.database import open_database
from tests.core.judging.desks import QUERIES, answer, grade, rules_of
from tests.ways import way_to
from ui.components.judging_desk import AHEAD, Desk, desk_html, desk_pane


class FailingQueue(JudgmentQueue):
    """A real queue whose ``judge`` raises an error for chosen events."""

    def __init__(self, folder: Path) -> None:
        super().__init__(open_database(folder / "lance"))
        self.fails: dict[str, Exception] = {}

    def judge(self, event: JudgmentEvent) -> None:
        if event.event_id in self.fails:
            raise self.fails[event.event_id]
        super().judge(event)


class Page:
    """A page of the judging desk over a real store; ``call`` is what its script does."""

    def __init__(self, folder: Path) -> None:
        self.queue = FailingQueue(folder)
        self.people = People(folder / "users.json")
        self.set = self.queue.sets.create("Chairs", QUERIES, ("clip",), 4, Rules(), answer)
        self.pairs = [pair.key for pair in self.set.pairs]
        studio: Any = SimpleNamespace(
            judging=SimpleNamespace(queue=lambda catalog: self.queue),
            people=self.people,
            labels=LabelService(cast("Any", SimpleNamespace(get=lambda name: self.catalog))),
            items_by_id=lambda ids, catalog: {},
        )
        self.catalog = SimpleNamespace(judgment_queue=self.queue)
        self.labels = studio.labels
        self._desk = Desk(studio)

    def call(self, name: str, who: str = "ada", signed_in: str = "", **ask: Any) -> dict[str, Any]:
        request: Any = SimpleNamespace(username=signed_in) if signed_in else None
        ask = {"set": self.set.set_id, "catalog": "demo", "name": who, **ask}
        return self._desk.answer(getattr(self._desk, name), ask, request)

    def event(self, number: int, **changes: Any) -> dict[str, Any]:
        query_id, item_id = self.pairs[number]
        return {
            "event_id": f"e{number}", "kind": "grade", "grade": 2, "query_id": query_id,
            "item_id": item_id, "round": 0, "note": "", "seconds": 1.5, "guidelines": 1,
            "page": "p", **changes,
        }  # fmt: skip

    def stored(self) -> set[str]:
        return {event.event_id for event in self.queue.current(self.set.set_id)}


@pytest.fixture
def page(tmp_path: Path) -> Page:
    return Page(tmp_path)


def test_a_page_that_waits_does_not_say_that_there_is_no_set(tmp_path: Path) -> None:
    """On a slow line an annotator was told so for seconds, with a set before them."""
    studio: Any = SimpleNamespace(people=People(tmp_path / "users.json"))
    waiting = str(desk_pane(studio).value)
    assert "Opening the judgment set" in waiting
    assert "data-waiting" in waiting
    assert "No judgment set" in desk_html(studio, None, "demo")
    assert "data-waiting" not in desk_html(studio, None, "demo")


@pytest.mark.parametrize(
    "poison",
    [
        {"guidelines": 10**30}, {"guidelines": 1.5}, {"guidelines": "1"}, {"guidelines": None},
        {"seconds": "long"}, {"seconds": [1]},
        {"grade": 2.7}, {"grade": True}, {"grade": "2"}, {"grade": 10**30}, {"grade": [2]},
        {"grade": None}, {"kind": "adjudicate"}, {"kind": "undo"}, {"item_id": "elsewhere"},
        {"event_id": "x" * 65}, {"event_id": ""}, {"event_id": "\ud800"},
    ],
)  # fmt: skip
def test_a_poisoned_event_is_refused_alone_and_the_others_of_its_call_are_saved(
    page: Page, poison: dict[str, Any]
) -> None:
    bad = page.event(1, **poison)
    said = page.call("judge", events=[page.event(0), bad, page.event(2)])
    assert said["saved"] == ["e0", "e2"]
    assert list(said["refused"]) == [bad["event_id"]]
    assert said["refused"][bad["event_id"]].endswith(".")
    assert "error" not in said
    assert page.stored() == {"e0", "e2"}


@pytest.mark.parametrize("sent", [1, 7, 0.5, 10**30])
def test_a_page_does_not_choose_the_round(page: Page, sent: float) -> None:
    """By what the progress says of a forged second round, hidden repeats were known."""
    assert page.call("judge", events=[page.event(0, round=sent)])["saved"] == ["e0"]
    assert [event.round for event in page.queue.current(page.set.set_id)] == [0]


def test_the_key_of_another_pair_is_refused(page: Page) -> None:
    """It would carry the other pair's round over, and so tell a hidden repeat."""
    key = page.call("next_pairs")["tasks"][0]["key"]
    other = next(n for n, pair in enumerate(page.pairs) if list(pair) != key.split("\t")[:2])
    said = page.call("judge", events=[page.event(other, key=key)])
    assert "no judgment" in said["refused"][f"e{other}"]
    assert page.stored() == set()


def test_a_page_reserves_only_what_was_dealt_to_its_annotator(page: Page) -> None:
    rules_of(page.queue, page.set, Rules(overlap=1))
    hand = [task["key"] for task in page.call("next_pairs", tab="one")["tasks"]]
    made_up = ["\t".join((*pair, "0" * 20)) for pair in page.pairs]
    assert page.call("next_pairs", tab="one", held=made_up)["tasks"] == []
    rest = len(page.pairs) - len(hand)
    assert len(page.call("next_pairs", who="bob")["tasks"]) == min(rest, AHEAD)
    # Another person's keys are none of one's own.
    assert page.call("next_pairs", who="cyd", held=hand)["waiting"] == len(page.pairs)
    page.queue.release(page.set.set_id, "ada", [(*pair, 0) for pair in page.pairs])
    assert len(page.call("next_pairs", who="cyd")["tasks"]) == len(hand)


def test_what_a_tab_has_in_hand_stays_reserved_after_a_break(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules_of(page.queue, page.set, Rules(overlap=1))
    hand = [task["key"] for task in page.call("next_pairs", tab="one")["tasks"]]
    later = time.time() + LEASE_SECONDS + 1
    monkeypatch.setattr("core.judging.leases.time.time", lambda: later)
    page.call("next_pairs", tab="one", held=hand)
    dealt = {task["key"].rpartition("\t")[0] for task in page.call("next_pairs", "bob")["tasks"]}
    assert not dealt & {key.rpartition("\t")[0] for key in hand}


def test_what_is_final_is_refused_with_a_sentence(page: Page) -> None:
    """Whoever has nothing left to judge sees the lists, and may send what no page sends."""
    rules_of(page.queue, page.set, Rules(overlap=1))
    key = page.call("next_pairs")["tasks"][0]["key"]
    mine = [list(pair) for pair in page.pairs].index(key.split("\t")[:2])
    other = (mine + 1) % len(page.pairs)
    assert page.call("judge", events=[page.event(other)])["saved"] == [f"e{other}"]
    for pair in page.pairs:
        page.queue.judge(grade(page.set, *pair, 1, "bob"))
    note_shown(page.queue, ["ada"])
    said = page.call("judge", events=[page.event(mine, key=key), page.event(0, grade=7)])
    assert "has all its grades" in said["refused"][f"e{mine}"]
    assert said["closed"] == [f"e{mine}"]  # another grade of the other one may be taken
    said = page.call("judge", events=[page.event(other, event_id="later", grade=3)])
    assert "stays" in said["refused"]["later"]
    assert "stays" in page.call("undo", event_id="undo")["error"]
    # Sent again, because the answer was lost.
    assert page.call("judge", events=[page.event(other)])["saved"] == [f"e{other}"]


def test_who_answers_while_a_pair_is_decided_is_told_so(page: Page) -> None:
    page.queue.judge(grade(page.set, *page.pairs[0], 1, "ada"))
    note_shown(page.queue, ["bob"])
    for number in (0, 1):
        page.labels.adjudicate(
            page.set.set_id, page.pairs[number], 1, "why", "lea", event_id=f"d{number}"
        )
    again = page.queue.task_keys.key(page.set.set_id, "ada", Task(page.set.pairs[0], 1))
    for who, number, key in (("ada", 0, again), ("ada", 0, None), ("bob", 1, None)):
        said = page.call("judge", who=who, events=[page.event(number, event_id="late", key=key)])
        assert "has been decided meanwhile" in said["refused"]["late"]
        assert said["closed"] == ["late"]
    assert "what you said of it stays" in page.call("undo", event_id="undo")["error"]


def test_what_was_judged_offline_counts_until_the_lists_were_shown(page: Page) -> None:
    rules_of(page.queue, page.set, Rules(overlap=1))
    for pair in page.pairs:
        page.queue.judge(grade(page.set, *pair, 1, "bob"))
    assert page.call("judge", events=[page.event(0)])["saved"] == ["e0"]


def test_a_pair_that_still_needs_people_takes_grades_without_a_key(page: Page) -> None:
    """As pages of before there were keys send them."""
    rules_of(page.queue, page.set, Rules(overlap=2))
    page.queue.judge(grade(page.set, *page.pairs[0], 1, "bob"))
    assert page.call("judge", events=[page.event(0)])["saved"] == ["e0"]


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -5, 10**400, None])
def test_an_odd_duration_costs_no_judgment(page: Page, seconds: Any) -> None:
    assert page.call("judge", events=[page.event(0, seconds=seconds)])["saved"] == ["e0"]


@pytest.mark.parametrize(
    "error", [NotSaved("The disk is full."), CatalogDamaged("The table can’t be read.")]
)
def test_what_the_store_did_not_take_is_neither_saved_nor_refused(
    page: Page, error: Exception
) -> None:
    page.queue.fails["e1"] = error
    said = page.call("judge", events=[page.event(0), page.event(1), page.event(2)])
    assert said["saved"] == ["e0"]
    assert said["refused"] == {}
    assert said["error"] == str(error)


def test_a_set_that_is_not_here_costs_no_judgment(page: Page) -> None:
    said = page.call("judge", set="elsewhere", events=[page.event(0)])
    assert "no judgment set" in said["error"]
    assert "refused" not in said


def test_judgments_of_one_person_are_never_stored_under_the_name_of_another(page: Page) -> None:
    page.people.add("ada", Role.ANNOTATOR, "password-1")
    page.people.add("bob", Role.ANNOTATOR, "password-2")
    page.call("judge", "ada", "ada", events=[page.event(0)])
    said = page.call("judge", "ada", "bob", events=[page.event(1)])
    assert "until “ada” signs in again" in said["error"]
    assert "“bob” is signed in now" in page.call("undo", "ada", "bob", event_id="u")["error"]
    assert page.stored() == {"e0"}


def test_the_way_back_and_an_undo_bring_note_and_grade_along(page: Page) -> None:
    page.call("judge", events=[page.event(0, note="A")])
    (entry,) = page.call("history")["tasks"]
    assert (entry["kind"], entry["grade"], entry["note"]) == ("grade", 2, "A")
    first = page.call("undo", event_id="u")
    assert (first["undone"]["grade"], first["undone"]["note"]) == (2, "A")
    assert page.call("undo", event_id="u")["undone"] == first["undone"]  # sent again: the same
    assert page.call("undo", event_id="v")["undone"] is None
    said = page.call("undo", event_id="e0")
    assert "used for another" in said["error"]


def test_an_undo_takes_a_flag_back_and_leaves_the_grade(page: Page) -> None:
    page.call("judge", events=[page.event(0), page.event(1, kind="flag", grade=None, note="photo")])
    assert page.call("undo", event_id="u")["undone"]["kind"] == "flag"
    assert page.queue.look(page.set.set_id, lambda state: state.flags()) == []
    assert page.stored() == {"e0"}
    assert page.call("undo", event_id="v")["undone"]["kind"] == "grade"


def test_a_pair_that_was_put_off_comes_again_with_its_note(page: Page) -> None:
    page.call("judge", events=[page.event(0, kind="skip", grade=None, note="look up")])
    dealt = page.call("next_pairs", grid=True, first=page.pairs[0][0])["tasks"]
    notes = {(task["query_id"], task["item_id"]): task["note"] for task in dealt}
    assert {pair: note for pair, note in notes.items() if note} == {page.pairs[0]: "look up"}


def test_a_key_press_reaches_the_log_of_events_through_at_most_five_files(page: Page) -> None:
    way = way_to("core/judging/log.py:append", lambda: page.call("judge", events=[page.event(0)]))
    assert way[0] == "ui/components/judging_desk.py"
    assert len(way) <= 5, way


def test_decisions_come_all_at_once_when_all_is_judged(page: Page) -> None:
    def decide(number: int) -> None:
        pair = page.pairs[number]
        page.labels.adjudicate(page.set.set_id, pair, 1, "why", "lea", event_id=f"d{number}")

    waits = page.call("decisions")
    decide(0)
    page.call("judge", events=[page.event(0)])
    assert page.call("decisions") == waits
    assert waits["count"] == 0
    assert "all at once" in waits["html"]
    page.call("judge", events=[page.event(number) for number in range(1, len(page.pairs))])
    assert page.call("decisions")["count"] == 1
    assert page.call("decisions", who="bob") == waits
