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
from core.domain import ExamplePair, Grade, JudgmentQuery, JudgmentSet, Pair, Rules
from core.errors import JudgmentError, NotSaved
from core.judging.judgment_queue import JudgmentQueue
from core.judging.sets import SCHEMA, SetTable, from_json, to_json
from core.store.database import open_database, read_rows
from tests.core.judging.desks import QUERIES, START, answer, rules_of, small_set

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


RULES = Rules(
    (Grade(1, "no", "Never."), Grade(2, "yes")), "Look.", (ExamplePair("q", "i", 1, "why"),),
    3, frozenset({("q", "b"), ("q", "a")}), 0.25,
)  # fmt: skip


def test_all_that_a_set_has_is_stored(desk: JudgmentQueue, tmp_path: Path) -> None:
    picture = Pair(JudgmentQuery("p", "x", "item", "a" * 64), "z")
    made = replace(small_set("ab", RULES), depth=7, engines=("b", "a"), revision=5)
    made = replace(made, pairs=(*made.pairs, picture))
    payload = json.loads(json.dumps(to_json(made)))
    assert payload == {
        "name": "Chairs", "revision": 5, "guidelines": "Look.",
        "scale": [[1, "no", "Never."], [2, "yes", ""]], "examples": [["q", "i", 1, "why"]],
        "overlap": 3, "calibration": [["q", "a"], ["q", "b"]], "repeats": 0.25,
        "engines": ["b", "a"], "depth": 7,
        "queries": [["q", "chair", "", ""], ["p", "x", "item", "a" * 64]],
        "pairs": [["q", "a"], ["q", "b"], ["p", "z"]],
    }  # fmt: skip
    assert from_json("set", START, payload) == made
    assert desk.sets.add(made) is made
    assert SetTable(open_database(tmp_path / "lance")).get("set") == made


def test_a_first_version_s_set_has_the_rules_of_then() -> None:
    later = ("scale", "examples", "overlap", "calibration", "repeats", "revision")
    payload = {k: v for k, v in to_json(small_set(rules=RULES)).items() if k not in later}
    assert from_json("set", START, payload) == replace(
        small_set(), rules=Rules(guidelines="Look."), revision=1
    )


@pytest.mark.parametrize(
    ("name", "start"),
    [("Chairs, round 1", "chairs-round-1-"), ("  Ä stool! ", "stool-"), ("Ä", "set-"),
     ("x" * 60, "x" * 40 + "-")],
)  # fmt: skip
def test_a_set_s_id_is_made_of_its_name(desk: JudgmentQueue, name: str, start: str) -> None:
    made = create(desk, name)
    assert made.set_id[: len(start)] == start
    assert len(made.set_id) == len(start) + 6
    assert made.name == name.strip()
    assert create(desk, name).set_id != made.set_id


def create(
    desk: JudgmentQueue, name: str = "x", calibration: int = 0, **changes: Any
) -> JudgmentSet:
    given = {"queries": QUERIES, "engines": ["clip", "vl-clip"], "depth": 4, **changes}
    rules = Rules(overlap=1, calibration=frozenset({("q1", "q1-0")}))
    return desk.sets.create(name, rules=rules, answer=answer, calibration=calibration, **given)


def test_a_set_needs_queries_engines_and_a_depth(desk: JudgmentQueue) -> None:
    for changes in ({"queries": ()}, {"engines": ()}):
        with pytest.raises(JudgmentError, match="at least one query and one engine"):
            create(desk, **changes)
    for depth in (0, -1):
        with pytest.raises(JudgmentError, match="at least 1"):
            create(desk, depth=depth)
    made = create(desk, depth=1)
    assert len(made.pairs) == 4
    assert (made.engines, made.depth, made.revision) == (("clip", "vl-clip"), 1, 1)
    assert abs((datetime.now(UTC) - made.created).total_seconds()) < 60
    assert SetTable(open_database(desk.sets._revise_lock.parent)).get(made.set_id) == made


@pytest.mark.parametrize(("wanted", "drawn"), [(-1, 0), (0, 0), (3, 3), (99, 14)])
def test_pairs_for_everybody_are_drawn_beside_those_that_were_chosen(
    desk: JudgmentQueue, wanted: int, drawn: int
) -> None:
    made = create(desk, calibration=wanted)
    chosen = made.rules.calibration
    assert ("q1", "q1-0") in chosen
    assert chosen <= {pair.key for pair in made.pairs}
    assert drawn <= len(chosen) <= drawn + 1
    assert made.rules.overlap == 1


@pytest.mark.parametrize("set_id", ["", "A", "a b", "ä", "../a", "x" * 81])
def test_an_id_that_is_no_folder_s_name_is_refused(desk: JudgmentQueue, set_id: str) -> None:
    with pytest.raises(JudgmentError, match="1 to 80 small letters"):
        desk.sets.add(replace(small_set(), set_id=set_id))
    assert desk.sets.all() == ()
    assert desk.sets.add(replace(small_set(), set_id="x" * 80)).set_id == "x" * 80


def test_a_revision_keeps_id_and_date_and_counts_up(desk: JudgmentQueue) -> None:
    start = desk.sets.add(small_set())
    changed = desk.sets.revise(
        "set",
        lambda old: replace(old, name="New", set_id="y", created=datetime.now(UTC), revision=9),
    )
    assert changed == replace(start, name="New", revision=2) == desk.sets.get("set")
    assert desk.sets.revise("set", lambda old: old, small_set("z")).pairs == start.pairs
    new = replace(small_set("z"), set_id="new", revision=0)
    assert desk.sets.revise("new", lambda old: replace(old, name="N"), new) == replace(
        new, name="N", revision=1
    )
    with pytest.raises(JudgmentError, match="no judgment set"):
        desk.sets.revise("never", lambda old: old)


def test_new_pairs_are_shuffled_by_revision_and_old_ones_stay(desk: JudgmentQueue) -> None:
    desk.sets.add(small_set("ab"))
    query, new = small_set().pairs[0].query, "cdefghijkl"
    grown = desk.sets.extend("set", [Pair(query, item) for item in new + new + "a"])
    assert [pair.item_id for pair in grown.pairs[:2]] == ["a", "b"]
    added = [pair.item_id for pair in grown.pairs[2:]]
    assert sorted(added) == list(new) != added
    desk.sets.add(replace(small_set("ab"), set_id="other"))
    other = desk.sets.extend("other", [Pair(query, item) for item in reversed(new)])
    assert [pair.item_id for pair in other.pairs[2:]] != added
    odd = desk.sets.extend("set", [Pair(query, "tab\there")])
    assert odd.pairs[-1] == Pair(query, "tab\there")


def test_sets_come_newest_first_and_a_name_that_is_gone_is_said(desk: JudgmentQueue) -> None:
    for number in (2, 1, 3):
        created = START + timedelta(days=number)
        desk.sets.add(replace(small_set(), set_id=f"s{number}", created=created))
    assert [made.set_id for made in desk.sets.all()] == ["s3", "s2", "s1"]
    assert [made.set_id for made in desk.sets.all()] == ["s3", "s2", "s1"]
    with pytest.raises(JudgmentError, match="no judgment set “gone”"):
        desk.sets.get("gone")


def test_only_what_a_revision_adds_is_written(desk: JudgmentQueue) -> None:
    query, other = small_set().pairs[0].query, JudgmentQuery("other", "läuft")
    desk.sets.add(small_set("ab"))
    desk.sets.extend("set", [Pair(query, "c"), Pair(other, "a")])
    first, second = payloads(desk)
    assert "pairs" in json.loads(first)
    grown = json.loads(second)
    assert grown["more_queries"] == [["other", "läuft", "", ""]]
    assert sorted(grown["more_pairs"]) == [["other", "a"], ["q", "c"]]
    assert not {"queries", "pairs"} & grown.keys()
    assert grown["name"] == "Chairs"
    assert "läuft" in second
    # a revision that does not follow the one before is written whole
    desk.sets.store(replace(small_set("ba"), revision=3))
    desk.sets.store(replace(small_set("bax"), revision=9))
    assert ["pairs" in json.loads(payload) for payload in payloads(desk)] == [
        True, False, True, True,
    ]  # fmt: skip
    assert [pair.item_id for pair in SetTable(
        open_database(desk.sets._revise_lock.parent)).get("set").pairs] == list("bax")  # fmt: skip


@pytest.mark.parametrize("fragments", [31, 32])
def test_a_table_is_merged_from_thirty_two_fragments_on_at_every_eighth_revision(
    desk: JudgmentQueue, monkeypatch: pytest.MonkeyPatch, fragments: int
) -> None:
    merged: list[int] = []
    monkeypatch.setattr("core.judging.sets.fragments", lambda table: fragments)
    monkeypatch.setattr("core.judging.sets.compact", lambda table: merged.append(desk.sets._added))
    for number in range(17):
        desk.sets.add(replace(small_set(), set_id=f"s{number}"))
    assert merged == ([8, 16] if fragments == 32 else [])


def test_a_set_of_another_process_is_seen_by_its_name_and_in_the_list(
    desk: JudgmentQueue, tmp_path: Path
) -> None:
    other = SetTable(open_database(tmp_path / "lance"))
    assert desk.sets.all() == other.all() == ()
    other.store(small_set())
    assert desk.sets.find("set") == small_set()
    other.store(replace(small_set(), set_id="more"))
    assert {made.set_id for made in desk.sets.all()} == {"set", "more"}
    other.store(replace(small_set(), set_id="last"))
    desk.sets.store(replace(small_set(), set_id="own"))
    assert {made.set_id for made in desk.sets.all()} == {"set", "more", "last", "own"}
    other.store(replace(small_set(), name="Renamed", revision=2))
    assert desk.sets.get("set").name == "Renamed"


def test_a_set_that_is_kept_is_not_built_again(desk: JudgmentQueue, tmp_path: Path) -> None:
    made = desk.sets.add(small_set())
    SetTable(open_database(tmp_path / "lance")).store(replace(small_set(), set_id="other"))
    assert desk.sets.get("set") is made
    assert any(each is made for each in desk.sets.all())


def test_a_first_version_s_set_that_is_kept_is_not_built_again(tmp_path: Path) -> None:
    tables = [SetTable(open_database(tmp_path / "lance")) for _ in range(2)]
    payload = {name: value for name, value in to_json(small_set()).items() if name != "revision"}
    row = {"set_id": "set", "created": START, "payload": json.dumps(payload)}
    tables[0]._table.add(pa.Table.from_pylist([row], schema=SCHEMA))
    first = tables[0].get("set")
    tables[1].store(replace(small_set(), set_id="other"))
    assert tables[0].get("set") is first
