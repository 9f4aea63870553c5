"""Sets on disk: all revisions are kept, and a set that grows click by click stays cheap."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.app.collecting import SET_ID, collect
from core.domain import JudgmentQuery, JudgmentSet, Pair, Rules
from core.errors import NotSaved
from core.judging.judgment_queue import JudgmentQueue
from core.judging.sets import SCHEMA, SetTable, to_json
from core.store.database import open_database, read_rows
from tests.core.judging.desks import rules_of

CLICKS, EACH = 100, 20


def payloads(desk: JudgmentQueue) -> list[str]:
    return [row["payload"] for row in read_rows(desk.sets._table, ["payload"]).to_pylist()]


def click(desk: JudgmentQueue, number: int) -> JudgmentSet:
    query = JudgmentQuery("", f"chair {number}")
    return collect(desk, query, [f"item-{number}-{n}" for n in range(EACH)], ["clip"])[0]


def test_the_hundredth_list_costs_what_the_first_did(
    tmp_path: Path, desk: JudgmentQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    monkeypatch.setattr(
        "core.judging.sets.read_rows", lambda *what: reads.append(1) or read_rows(*what)
    )
    for number in range(CLICKS):
        made = click(desk, number)
        desk._pairs_of(made)
    assert len(made.pairs) == CLICKS * EACH
    sizes = [len(payload) for payload in payloads(desk)]
    assert max(sizes) < 1.2 * min(sizes)
    assert len(reads) < CLICKS / 4  # once at the start, and after each compaction
    assert len(desk._pairs) == 1  # no pairs of earlier revisions are kept in memory
    assert JudgmentQueue(open_database(tmp_path / "lance")).sets.get(SET_ID) == made


def test_fragments_of_a_growing_set_are_merged(desk: JudgmentQueue) -> None:
    for number in range(70):
        click(desk, number)
    assert desk.sets._table.stats()["fragment_stats"]["num_fragments"] < 45


def test_two_processes_see_each_other_s_lists(tmp_path: Path, desk: JudgmentQueue) -> None:
    other = JudgmentQueue(open_database(tmp_path / "lance"))
    for number in range(10):
        made = click((desk, other)[number % 2], number)
    assert desk.sets.get(SET_ID) == other.sets.get(SET_ID) == made
    assert len(made.pairs) == 10 * EACH


def test_new_rules_come_and_the_pairs_stay(
    tmp_path: Path, desk: JudgmentQueue, made: JudgmentSet
) -> None:
    for overlap in (1, 2, 3):
        latest = rules_of(desk, made, Rules(overlap=overlap, guidelines="New."))
    assert (latest.pairs, latest.revision) == (made.pairs, 4)
    assert JudgmentQueue(open_database(tmp_path / "lance")).sets.get(made.set_id) == latest


def test_pairs_of_few_sets_are_kept_in_memory(desk: JudgmentQueue, made: JudgmentSet) -> None:
    for number in range(20):
        desk._pairs_of(desk.sets.add(replace(made, set_id=f"set-{number}")))
    assert list(desk._pairs) == [f"set-{number}" for number in range(4, 20)]


def test_a_table_of_whole_revisions_is_read_and_goes_on(tmp_path: Path, made: JudgmentSet) -> None:
    database = open_database(tmp_path / "old")
    table = SetTable(database)
    for revision in (1, 2):
        payload = json.dumps(to_json(replace(made, revision=revision, name=f"round {revision}")))
        row = {"set_id": made.set_id, "created": made.created, "payload": payload}
        table._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
    desk = JudgmentQueue(database)
    assert desk.sets.get(made.set_id).name == "round 2"
    new = Pair(JudgmentQuery("q9", "lamp"), "lamp-9")
    grown = desk.sets.extend(made.set_id, [new])
    assert JudgmentQueue(open_database(tmp_path / "old")).sets.get(made.set_id) == grown
    assert grown.pairs[-1] == new


def test_a_revision_that_can_not_be_read_costs_only_what_it_added(
    tmp_path: Path, desk: JudgmentQueue
) -> None:
    for number in range(5):
        click(desk, number)
    made, _ = collect(desk, JudgmentQuery("", "chair 3"), ["more"], ["clip"])
    table = SetTable(open_database(tmp_path / "broken"))
    for row in read_rows(desk.sets._table, SCHEMA.names).to_pylist():
        if json.loads(row["payload"])["revision"] == 4:  # that brought the query “chair 3”
            row["payload"] = row["payload"][:-9]
        table._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
    broken = JudgmentQueue(open_database(tmp_path / "broken"))
    judgment_set = broken.sets.get(SET_ID)
    assert judgment_set.revision == made.revision
    assert [query.text for query in judgment_set.queries] == [f"chair {n}" for n in (0, 1, 2, 4)]
    grown = click(broken, 3)  # asked again, it comes back under an id that no other query has
    assert len(grown.queries) == len({query.text for query in grown.queries}) == 5
    assert grown.pairs == JudgmentQueue(open_database(tmp_path / "broken")).sets.get(SET_ID).pairs


def test_a_set_that_could_not_be_written_is_said_in_a_sentence(
    desk: JudgmentQueue, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*what: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.sets._flusher, "flush", full)
    with pytest.raises(NotSaved, match="The judgment set could not be saved: the disk is full"):
        desk.sets.add(replace(made, set_id="other", created=datetime.now(UTC)))


@pytest.mark.parametrize(("most", "pairs"), [("MOST_SETS", 3), ("MOST_PAIRS", 3 * EACH)])
def test_memory_keeps_few_sets_and_the_others_are_read_again(
    desk: JudgmentQueue, monkeypatch: pytest.MonkeyPatch, most: str, pairs: int
) -> None:
    monkeypatch.setattr(f"core.judging.sets.{most}", pairs)
    now = datetime.now(UTC)
    made = [
        JudgmentSet(
            f"set-{n}", f"Set {n}", Rules(), ("clip",), 3,
            tuple(Pair(JudgmentQuery("q1", "chair"), f"item-{i}") for i in range(EACH)),
            now + timedelta(seconds=n),
        )
        for n in range(6)
    ]  # fmt: skip
    for judgment_set in made:
        desk.sets.store(judgment_set)
    assert list(desk.sets._kept) == ["set-3", "set-4", "set-5"]
    assert desk.sets.all() == tuple(reversed(made))
    assert len(desk.sets._kept) == 3
    assert [desk.sets.get(s.set_id) for s in made] == made
    reads: list[int] = []
    monkeypatch.setattr(
        "core.judging.sets.read_rows", lambda *what: reads.append(1) or read_rows(*what)
    )
    assert desk.sets.get("set-5") is desk.sets.get("set-5")
    assert desk.sets.find("no-such-set") is None
    assert reads == []
