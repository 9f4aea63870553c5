"""Decide: every case, in pages, with what people said and without their names."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.app.labels import LabelService
from core.domain import (
    EventKind,
    Item,
    JudgmentEvent,
    JudgmentQuery,
    Pair,
    Photo,
    Rules,
    SearchResult,
)
from core.judging.judgment_queue import JudgmentQueue
from core.store.database import open_database
from tests.core.judging.desks import result
from ui.components.judging_report import cases_html, report_html

CASES = 60
UNSURE = {"kind": EventKind.UNSURE}


class Desk:
    """A set of 60 pairs that Ada and Bob graded differently."""

    def __init__(self, folder: Path) -> None:
        def answer(query: JudgmentQuery) -> list[SearchResult]:
            return [result("clip", [f"i{n:02}" for n in range(CASES)])]

        (folder / "judging-task-keys").write_bytes(bytes(range(32)))  # same repeats in every run
        self.queue = JudgmentQueue(open_database(folder / "lance"))
        asked = [JudgmentQuery("q1", "chair")]
        self.set = self.queue.sets.create(
            "Chairs", asked, ("clip",), 99, Rules(repeats=0.3), answer
        )
        library: Any = SimpleNamespace(
            get=lambda name=None: SimpleNamespace(judgment_queue=self.queue)
        )
        self.labels = LabelService(library)

        def items(ids: Any, catalog: str) -> dict[str, Item]:
            photo = Photo("0" * 64, 10, 10, "0" * 16)
            return {name: Item(name, f"Chair {name}", photo, description=f"About {name}.")
                    for name in ids}  # fmt: skip

        self.studio: Any = SimpleNamespace(
            judging=SimpleNamespace(queue=lambda catalog: self.queue), labels=self.labels,
            items_by_id=items,
        )  # fmt: skip

    def label(self, who: str, item: str, grade: int | None, **more: Any) -> None:
        values: dict[str, Any] = {"kind": EventKind.GRADE, "note": "", "round": 0, **more}
        self.queue.judge(
            JudgmentEvent(
                uuid.uuid4().hex, values["kind"], self.set.set_id, "q1", item, who, grade,
                values["note"], datetime.now(UTC), 1.0, values["round"],
            )
        )  # fmt: skip

    def page(self, first: int = 0) -> str:
        return cases_html(self.studio, self.set.set_id, "demo", first)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_all_cases_are_there_page_by_page(desk: Desk) -> None:
    for number in range(CASES):
        desk.label("ada", f"i{number:02}", 0)
        desk.label("bob", f"i{number:02}", 3)
    pages = [desk.page(first) for first in (0, 25, 50)]
    shown = [f"i{n:02}" for n in range(CASES) if any(f'data-item="i{n:02}"' in p for p in pages)]
    assert len(shown) == CASES
    assert [page.count("<article") for page in pages] == [25, 25, 10]
    assert "Cases 51 to 60 of 60" in pages[2]
    assert desk.page(99) == pages[2]
    assert "Cases 48 to 60 of 60" in desk.page(47)
    assert [re.findall(r'data-first="(\d+)"', page) for page in pages] == [
        ["0", "25"], ["0", "50"], ["25", "75"],
    ]  # fmt: skip


def test_agreement_shows_the_pictures_that_were_queries(desk: Desk) -> None:
    asked = [JudgmentQuery("q1", "chair"), JudgmentQuery("q2", picture="c0ffee")]
    made = desk.queue.sets.create(
        "Pictures", asked, ("clip",), 9, Rules(), lambda query: [result("clip", ["i01"])]
    )
    for query_id, who in (("q1", "ada"), ("q2", "ada"), ("q2", "bob")):
        desk.queue.judge(
            JudgmentEvent(
                uuid.uuid4().hex, EventKind.GRADE, made.set_id, query_id, "i01", who, 1, "",
                datetime.now(UTC), 1.0,
            )
        )  # fmt: skip
    html = report_html(desk.studio, made.set_id, "demo")
    assert re.findall(r'<img src="[^"]*c0ffee[^"]*" alt="Query picture"[^>]*>(.*?)</td>', html) == [
        "a picture"
    ]


def test_cases_behind_decided_ones_come_next(desk: Desk) -> None:
    for number in range(CASES):
        desk.label("ada", f"i{number:02}", 0)
        desk.label("bob", f"i{number:02}", 3)
    here = re.findall(r'data-item="(i\d\d)"', desk.page())
    for item in here:
        desk.labels.adjudicate(desk.set.set_id, ("q1", item), 1, "why", "lea", event_id=item)
    # The button says 25; the script takes the 25 away that were decided since (decide.test.cjs).
    after = re.findall(r'data-item="(i\d\d)"', desk.page(25 - len(here)))
    assert not set(here) & set(after)
    assert desk.page(25 - len(here)).count("data-decided") == 0


def test_a_case_says_everything_but_who_said_it(desk: Desk) -> None:
    desk.label("ada-the-annotator", "i01", 3, note="nearly <b>white</b>")
    desk.label("bob-the-annotator", "i01", 0)
    desk.label("bob-the-annotator", "i02", None, kind=EventKind.UNSURE, note="query is unclear")
    desk.label("bob-the-annotator", "i03", None, kind=EventKind.FLAG, note="wrong photo")
    desk.labels.adjudicate(
        desk.set.set_id, ("q1", "i01"), 1, "a wish is not met", "lea-the-lead", event_id="d"
    )
    html = desk.page()
    for said in ("nearly &lt;b&gt;white", "query is unclear", "wrong photo", "About i01.",
                 "can’t tell", "a wish is not met"):  # fmt: skip
        assert said in html
    assert "annotator" not in html
    assert "lea-the-lead" not in html
    assert html.index('data-item="i02"') < html.index('data-item="i01"')  # decided ones come last


def decide(desk: Desk, number: int) -> None:
    desk.labels.adjudicate(
        desk.set.set_id, ("q1", f"i{number:02}"), 1, "why", "lea", event_id=f"d{number}"
    )


def decide_all(desk: Desk) -> None:
    for number in range(CASES):
        decide(desk, number)


def test_people_learn_what_was_decided_on_their_pairs(desk: Desk) -> None:
    desk.queue.sets.revise(desk.set.set_id, lambda old: replace(old, rules=Rules()))
    for number in range(CASES):
        desk.label("ada", f"i{number:02}", 2 if number else None, **({} if number else UNSURE))
    decide_all(desk)
    of_ada = desk.labels.decisions_for(desk.set.set_id, "ada")
    assert {decision.item_id for decision, _ in of_ada} == {f"i{n:02}" for n in range(CASES)}
    assert all((made.grade, label.annotator) == (1, "ada") for made, label in of_ada)
    assert [made.at for made, _ in of_ada] == sorted((made.at for made, _ in of_ada), reverse=True)
    assert desk.labels.decisions_for(desk.set.set_id, "cid") == ()


def test_decisions_do_not_tell_which_pairs_come_again(desk: Desk) -> None:
    """They are shown all at once, when nothing comes any more: not before, and none is left out."""
    seen = []
    while tasks := desk.queue.deal(desk.set.set_id, "ada", 1).tasks:
        assert desk.labels.decisions_for(desk.set.set_id, "ada") == ()
        seen.append(tasks[0].round)
        desk.label("ada", tasks[0].pair.item_id, 2, round=tasks[0].round)
        if len(seen) == 3:
            decide(desk, 0)
    assert len(desk.labels.decisions_for(desk.set.set_id, "ada")) == 1
    decide_all(desk)
    assert 0 < sum(seen) < CASES
    assert len(seen) > CASES
    assert len(desk.labels.decisions_for(desk.set.set_id, "ada")) == CASES
    desk.queue.sets.extend(desk.set.set_id, [Pair(desk.set.queries[0], "later")])
    assert desk.labels.decisions_for(desk.set.set_id, "ada") == ()
