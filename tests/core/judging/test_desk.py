from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
import uuid
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from core.domain import (
    EventKind,
    Grade,
    Hit,
    Item,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Photo,
    Rules,
    SearchResult,
)
from core.errors import JudgmentError
from core.judging.aggregation import aggregate, labels
from core.judging.desk import JudgingDesk
from core.judging.disagreement import disagreements
from core.judging.export import Labels, write
from core.judging.importing import carry_out, plan
from core.judging.leases import LEASE_SECONDS
from core.judging.log import JudgmentLog
from core.judging.queue import Hand
from core.judging.state import SetState
from core.judging.watch import annotator_reports
from core.store.database import open_database

QUERIES = (JudgmentQuery("q1", text="chair"), JudgmentQuery("q2", item_id="lamp-1"))


def result(engine: str, names: list[str]) -> SearchResult:
    photo = Photo("0" * 64, 10, 10, "0" * 16)
    hits = tuple(
        Hit(rank, Item(name, name, photo), score=1 / rank) for rank, name in enumerate(names, 1)
    )
    return SearchResult(engine, "f", hits, 0, 0.0, 0.0)


def answer(query: JudgmentQuery) -> list[SearchResult]:
    return [
        result("clip", [f"{query.query_id}-{i}" for i in range(5)]),
        result("vl-clip", [f"{query.query_id}-{i}" for i in range(3, 9)]),
    ]


def grade(
    judgment_set: JudgmentSet, query: str, item: str, value: int, who: str = "ada"
) -> JudgmentEvent:
    return JudgmentEvent(
        uuid.uuid4().hex, EventKind.GRADE, judgment_set.set_id, query, item, who, value, "",
        datetime.now(UTC), 1.0,
    )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> JudgingDesk:
    return JudgingDesk(open_database(tmp_path / "lance"))


@pytest.fixture
def made(desk: JudgingDesk) -> JudgmentSet:
    return desk.create(
        "Chairs, round 1",
        QUERIES,
        ("clip", "vl-clip"),
        4,
        Rules(guidelines="Look closely."),
        answer,
    )


def test_the_pool_is_the_union_of_the_top_results(made: JudgmentSet) -> None:
    items = {pair.item_id for pair in made.pairs if pair.query.query_id == "q1"}
    assert items == {f"q1-{i}" for i in range(7)}  # 0-3 of clip, 3-6 of vl-clip
    assert len(made.pairs) == 14


def test_a_set_comes_back_as_it_was_made(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet
) -> None:
    again = JudgingDesk(open_database(tmp_path / "lance"))
    assert again.sets() == (made,)


def test_nobody_gets_a_pair_twice_and_orders_differ(desk: JudgingDesk, made: JudgmentSet) -> None:
    seen = []
    while pairs := desk.next_pairs(made.set_id, "ada"):
        (pair,) = pairs
        seen.append((pair.query.query_id, pair.item_id))
        desk.judge(grade(made, *seen[-1], 2))
    assert len(seen) == len(set(seen)) == len(made.pairs)
    bob = [(p.query.query_id, p.item_id) for p in desk.next_pairs(made.set_id, "bob", 99)]
    assert set(bob) == set(seen)
    assert bob != seen
    assert desk.progress(made.set_id, "ada").done == 14
    assert desk.progress(made.set_id, "bob").done == 0


def test_put_off_pairs_come_last(desk: JudgingDesk, made: JudgmentSet) -> None:
    (first,) = desk.next_pairs(made.set_id, "ada")
    skip = JudgmentEvent(
        "e1", EventKind.SKIP, made.set_id, first.query.query_id, first.item_id, "ada", None, "",
        datetime.now(UTC), 1.0,
    )  # fmt: skip
    desk.judge(skip)
    pairs = desk.next_pairs(made.set_id, "ada", 99)
    assert len(pairs) == 14
    assert pairs[-1] == first
    assert desk.progress(made.set_id, "ada").skipped == 1


def test_undo_goes_back_event_by_event(desk: JudgingDesk, made: JudgmentSet) -> None:
    first, second = desk.next_pairs(made.set_id, "ada", 2)
    for pair, value in ((first, 3), (second, 0)):
        desk.judge(grade(made, pair.query.query_id, pair.item_id, value))
    for pair in (second, first):
        undone = desk.undo(made.set_id, "ada")
        assert undone is not None
        assert (undone.query_id, undone.item_id) == pair.key
    assert desk.undo(made.set_id, "ada") is None
    assert desk.current(made.set_id) == []
    assert desk.next_pairs(made.set_id, "ada", 2) == (first, second)


def test_a_later_grade_wins_and_undo_brings_the_earlier_back(
    desk: JudgingDesk, made: JudgmentSet
) -> None:
    for value in (1, 3):
        desk.judge(grade(made, "q1", "q1-0", value))
    assert aggregate(desk.current(made.set_id)) == {("q1", "q1-0"): 3}
    desk.undo(made.set_id, "ada")
    assert aggregate(desk.current(made.set_id)) == {("q1", "q1-0"): 1}


def test_what_does_not_fit_is_refused(desk: JudgingDesk, made: JudgmentSet) -> None:
    with pytest.raises(JudgmentError, match="not in the judgment set"):
        desk.judge(grade(made, "q1", "elsewhere", 1))
    with pytest.raises(JudgmentError, match="grade is one of"):
        desk.judge(grade(made, "q1", "q1-0", 7))
    with pytest.raises(JudgmentError, match="no judgment set"):
        desk.next_pairs("' OR 1=1 --", "ada")
    with pytest.raises(JudgmentError, match="nothing"):
        desk.create("Empty", QUERIES, ("clip",), 5, Rules(), lambda query: [result("clip", [])])
    assert desk.current(made.set_id) == []


def export(desk: JudgingDesk, made: JudgmentSet, target: Path, rule: str = "median") -> Path:
    """Standing labels of a set in the format of the file's ending."""
    current = desk.current(made.set_id)
    what = Labels(made, current, current, desk.look(made.set_id, SetState.decisions), rule)
    return write(what, target, target.suffix[1:])


def test_exports(tmp_path: Path, desk: JudgingDesk, made: JudgmentSet) -> None:
    for who, value in (("ada", 3), ("bob", 1), ("=cmd()", 1)):
        desk.judge(grade(made, "q1", "q1-0", value, who))
    qrels = export(desk, made, tmp_path / "out" / "a.qrels")
    assert qrels.read_text() == "q1 0 q1-0 1\n"
    assert '"rule": "median"' in (tmp_path / "out" / "a.qrels.json").read_text()
    table = export(desk, made, tmp_path / "a.csv").read_text().splitlines()
    assert len(table) == 4
    assert sum("'=cmd()" in line for line in table) == 1
    with pytest.raises(JudgmentError, match="no format"):
        export(desk, made, tmp_path / "a.txt")


def _label(root: str, set_id: str, who: str, acknowledged: str) -> None:
    desk = JudgingDesk(open_database(Path(root)))
    with Path(acknowledged).open("a") as file:
        while pairs := desk.next_pairs(set_id, who):
            event = JudgmentEvent(
                uuid.uuid4().hex, EventKind.GRADE, set_id, pairs[0].query.query_id,
                pairs[0].item_id, who, 1, "", datetime.now(UTC), 1.0,
            )  # fmt: skip
            desk.judge(event)
            file.write(event.event_id + "\n")
            file.flush()


def _start(tmp_path: Path, made: JudgmentSet, names: list[str]) -> list[multiprocessing.Process]:
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(
            target=_label,
            args=(str(tmp_path / "lance"), made.set_id, name, str(tmp_path / name)),
        )
        for name in names
    ]
    for process in processes:
        process.start()
    return processes


@pytest.mark.slow
def test_four_labelling_processes_lose_nothing(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet
) -> None:
    names = ["ada", "bob", "cyd", "dan"]
    for process in _start(tmp_path, made, names):
        process.join()
        assert process.exitcode == 0
    assert len(desk.current(made.set_id)) == 4 * len(made.pairs)
    assert all(not desk.next_pairs(made.set_id, name) for name in names)


@pytest.mark.slow
def test_a_killed_labeller_loses_nothing_acknowledged(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet
) -> None:
    (process,) = _start(tmp_path, made, ["ada"])
    acknowledged = tmp_path / "ada"
    while not (acknowledged.exists() and acknowledged.read_text().count("\n") >= 3):
        assert process.is_alive()
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    stored = {event.event_id for event in desk.current(made.set_id)}
    assert set(acknowledged.read_text().split()) <= stored


def test_an_event_sent_twice_counts_once(desk: JudgingDesk, made: JudgmentSet) -> None:
    event = grade(made, "q1", "q1-0", 2)
    desk.judge(event)
    desk.judge(event)
    assert desk.current(made.set_id) == [event]
    desk.undo(made.set_id, "ada")
    assert desk.current(made.set_id) == []


def test_nobody_undoes_another_persons_label(desk: JudgingDesk, made: JudgmentSet) -> None:
    hers = grade(made, "q1", "q1-0", 2)
    desk.judge(hers)
    with pytest.raises(JudgmentError, match="can't be sent"):
        desk.judge(
            replace(hers, event_id="x", kind=EventKind.UNDO, annotator="eve", note=hers.event_id)
        )
    assert desk.undo(made.set_id, "eve") is None
    assert desk.current(made.set_id) == [hers]


@pytest.mark.parametrize("name", ["", "  ", " ada", "a\x00b", "a\u202eb", "x" * 201, "a\ud800"])
def test_names_that_nobody_has_are_refused(desk: JudgingDesk, made: JudgmentSet, name: str) -> None:
    with pytest.raises(JudgmentError, match="name"):
        desk.judge(grade(made, "q1", "q1-0", 1, name))


@pytest.mark.parametrize(
    "name", ["' OR '1'='1", '"; DROP TABLE', "../../etc", "名前", "<b>ada</b>"]
)
def test_hostile_names_and_notes_are_only_text(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet, name: str
) -> None:
    event = replace(grade(made, "q1", "q1-0", 1, name), note="'); DROP\x00 TABLE --\n" + "n" * 9000)
    desk.judge(replace(event, seconds=float("nan")))
    (stored,) = JudgingDesk(open_database(tmp_path / "lance")).current(made.set_id)
    assert stored.annotator == name
    assert stored.note.startswith("'); DROP TABLE --\n")
    assert len(stored.note) == 2000
    assert stored.seconds == 0.0
    assert desk.progress(made.set_id, "ada").done == 0


def test_labels_imported_with_old_dates_are_seen_by_running_processes(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet
) -> None:
    desk.judge(grade(made, "q1", "q1-0", 1))
    other = JudgingDesk(open_database(tmp_path / "lance"))
    assert len(other.current(made.set_id)) == 1
    desk.judge(replace(grade(made, "q1", "q1-1", 1, "bob"), at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert len(other.current(made.set_id)) == 2


@pytest.mark.slow
def test_compaction_beside_writers_loses_nothing(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["ada", "bob"]
    processes = _start(tmp_path, made, names)
    log = JudgmentLog(open_database(tmp_path / "lance"))
    monkeypatch.setattr("core.judging.log.COMPACT_AFTER", 2)
    while any(process.is_alive() for process in processes):
        log.compact()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(desk.current(made.set_id)) == 2 * len(made.pairs)
    acknowledged = {line for name in names for line in (tmp_path / name).read_text().split()}
    assert {event.event_id for event in desk.current(made.set_id)} == acknowledged


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_files_come_back_without_loss(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet, ending: str
) -> None:
    notes = ["=1+1", "'quoted", "-3", 'two\nlines, “quotes" and ünïcode', "@x", ""]
    for number, note in enumerate(notes):
        event = replace(grade(made, "q1", f"q1-{number}", number % 4, f"+{number}"), note=note)
        desk.judge(replace(event, seconds=0.1 + 0.2, round=number % 2, page="7", guidelines=3))
    before = desk.events(made.set_id)
    what = Labels(made, before, desk.current(made.set_id), {})
    file = write(what, tmp_path / f"labels.{ending}", ending)
    items = {pair.item_id for pair in made.pairs}
    assert carry_out(desk, plan(desk, file, lambda ids: items)) == 0
    elsewhere = JudgingDesk(open_database(tmp_path / "other"))
    found = plan(elsewhere, file, lambda ids: items)
    assert (found.rejected, found.is_new) == ((), True)
    assert carry_out(elsewhere, found) == len(notes)
    assert elsewhere.events(made.set_id) == before
    if ending != "csv":  # these hold the set itself, too
        assert elsewhere.sets() == (made,)


def test_rows_that_do_not_fit_are_reported_and_left_out(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet
) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "query,docid,rating\nchair,q1-0,3\nchair,q1-1,\nchair,nowhere,1\nchair,q1-2,9\n"
        "chair,q1-3,1.5\nchair,q1-4,high\n,q1-5,1\nstool,known,2\n"
    )
    found = plan(desk, file, lambda ids: {"known"}, set_id=made.set_id)
    assert [row.line for row in found.rejected] == [4, 5, 6, 7, 8]
    assert [(e.query_id, e.item_id, e.grade) for e in found.events] == [
        ("q1", "q1-0", 3), ("q3", "known", 2),
    ]  # fmt: skip
    assert desk.current(made.set_id) == []  # a plan stores nothing
    assert carry_out(desk, found) == 2
    assert carry_out(desk, plan(desk, file, lambda ids: {"known"}, set_id=made.set_id)) == 0
    assert len(desk.get(made.set_id).pairs) == len(made.pairs) + 1
    file.write_text("a,b\n1,2\n")
    with pytest.raises(JudgmentError, match="no column for the query"):
        plan(desk, file, lambda ids: ())


def test_one_column_per_rater(tmp_path: Path, desk: JudgingDesk) -> None:
    file = tmp_path / "book.csv"
    file.write_text("query,docid,ada,bob_rating\nlamp,l1,3,2\nlamp,l2,,0\n")
    found = plan(desk, file, lambda ids: ids, name="From a book")
    assert [(e.annotator, e.item_id, e.grade) for e in found.events] == [
        ("ada", "l1", 3), ("bob", "l1", 2), ("bob", "l2", 0),
    ]  # fmt: skip
    carry_out(desk, found)
    (made,) = desk.sets()
    assert (made.name, len(made.pairs), made.queries[0].text) == ("From a book", 2, "lamp")


def test_qrels_come_back(tmp_path: Path, desk: JudgingDesk, made: JudgmentSet) -> None:
    for item, value in (("q1-0", 3), ("q1-1", 0)):
        desk.judge(grade(made, "q1", item, value))
    file = export(desk, made, tmp_path / "a.qrels", "majority")
    elsewhere = JudgingDesk(open_database(tmp_path / "other"))
    carry_out(elsewhere, plan(elsewhere, file, lambda ids: ids, texts={"q1": "chair"}))
    (again,) = elsewhere.sets()
    assert again.queries == (JudgmentQuery("q1", "chair"),)
    assert aggregate(elsewhere.current(again.set_id)) == aggregate(desk.current(made.set_id))
    file.write_text("q1 0 x\n")
    (broken,) = plan(elsewhere, file, lambda ids: ids).rejected
    assert broken.line == 1


def table_of_the_first_version(database: lancedb.DBConnection) -> None:
    """Tables and rows as the first version of the studio wrote them."""
    sets = pa.schema(
        [
            pa.field("set_id", pa.string(), nullable=False),
            pa.field("created", pa.timestamp("us", tz="UTC"), nullable=False),
            pa.field("payload", pa.string(), nullable=False),
        ]
    )
    events = pa.schema(
        [pa.field(name, pa.string(), nullable=False)
         for name in ("event_id", "kind", "set_id", "query_id", "item_id", "annotator")]
        + [pa.field("grade", pa.int8()), pa.field("note", pa.string(), nullable=False),
           pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
           pa.field("seconds", pa.float32(), nullable=False)]
    )  # fmt: skip
    now = datetime.now(UTC)
    payload = {
        "name": "Old", "guidelines": "g", "engines": ["clip"], "depth": 5,
        "queries": [["q1", "chair", ""]], "pairs": [["q1", "a"], ["q1", "b"]],
    }  # fmt: skip
    row = {"set_id": "old-1", "created": now, "payload": json.dumps(payload)}
    database.create_table("judgment_sets", pa.Table.from_pylist([row], sets))
    label = dict.fromkeys(("query_id", "annotator"), "q1") | {
        "event_id": "e1", "kind": "grade", "set_id": "old-1", "item_id": "a", "grade": 2,
        "note": "", "at": now, "seconds": 1.5,
    }  # fmt: skip
    database.create_table("judgments", pa.Table.from_pylist([label], events))


def test_a_store_of_the_first_version_opens_and_goes_on(tmp_path: Path) -> None:
    table_of_the_first_version(open_database(tmp_path / "lance"))
    desk = JudgingDesk(open_database(tmp_path / "lance"))
    (old,) = desk.sets()
    assert (old.name, old.rules.guidelines, old.rules.overlap, old.revision) == ("Old", "g", 0, 1)
    (label,) = desk.current("old-1")
    assert (label.grade, label.round, label.page, label.guidelines) == (2, 0, "", 1)
    desk.judge(replace(grade(old, "q1", "b", 3), page="9", guidelines=2))
    assert [e.page for e in desk.current("old-1")] == ["", "9"]
    desk.revise("old-1", lambda one: replace(one, name="Renamed"))
    assert JudgingDesk(open_database(tmp_path / "lance")).get("old-1").name == "Renamed"


@pytest.mark.slow
def test_a_hundred_thousand_events_stay_interactive(tmp_path: Path, desk: JudgingDesk) -> None:
    queries = tuple(JudgmentQuery(f"q{i}", text="chair") for i in range(100))
    made = desk.create(
        "Large", queries, ("clip",), 100, Rules(overlap=12, repeats=0.1),
        lambda query: [result("clip", [f"{query.query_id}-{i}" for i in range(100)])],
    )  # fmt: skip
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        JudgmentEvent(
            f"{who}-{number}", EventKind.GRADE, made.set_id, pair.query.query_id, pair.item_id,
            f"a{who}", number % 4, "", start + timedelta(seconds=number), 1.0,
        )
        for who in range(10)
        for number, pair in enumerate(made.pairs)
    ]  # fmt: skip
    assert len(events) == 100_000
    JudgmentLog(open_database(tmp_path / "lance")).append(events)
    desk.next_pairs(made.set_id, "zoe")
    times = []
    for _ in range(5):
        started = time.perf_counter()
        (pair,) = desk.next_pairs(made.set_id, "zoe")
        desk.judge(grade(made, pair.query.query_id, pair.item_id, 1, "zoe"))
        desk.progress(made.set_id, "zoe")
        times.append(time.perf_counter() - started)
    assert sorted(times)[2] < 0.5


def rules_of(desk: JudgingDesk, made: JudgmentSet, rules: Rules) -> JudgmentSet:
    return desk.revise(made.set_id, lambda old: replace(old, rules=rules))


def test_each_pair_gets_as_many_people_as_wanted(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet
) -> None:
    rules_of(desk, made, Rules(overlap=2, calibration=frozenset({("q1", "q1-3")})))
    desks = [desk, JudgingDesk(open_database(tmp_path / "lance"))]  # two servers on one store
    for turn in range(60):
        who = f"a{turn % 4}"
        for pair in desks[turn % 2].next_pairs(made.set_id, who):
            desks[turn % 2].judge(grade(made, *pair.key, 1, who))
    per_pair = Counter((e.query_id, e.item_id) for e in desk.current(made.set_id))
    assert per_pair.pop(("q1", "q1-3")) == 4  # the calibration pair: everybody
    assert set(per_pair.values()) == {2}
    assert len(per_pair) == len(made.pairs) - 1
    found = desk.progress(made.set_id, "a0")
    assert (found.set_done, found.set_total) == (4 + 26, 4 + 26)


def test_the_last_slot_is_handed_to_one_person_at_a_time(
    desk: JudgingDesk, made: JudgmentSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules_of(desk, made, Rules(overlap=1))
    hers = desk.deal(made.set_id, "ada", 10).tasks
    hand = desk.deal(made.set_id, "bob", 99)
    assert len(hand.tasks) == 4
    assert not {t.pair.key for t in hand.tasks} & {t.pair.key for t in hers}
    assert desk.deal(made.set_id, "cyd", 1) == Hand((), waiting=14)
    assert len(desk.deal(made.set_id, "ada", 99).tasks) == 10  # her own come again
    now = time.time()
    monkeypatch.setattr("core.judging.leases.time.time", lambda: now + LEASE_SECONDS + 1)
    assert len(desk.deal(made.set_id, "cyd", 99).tasks) == 14


def test_fewest_judged_first(desk: JudgingDesk, made: JudgmentSet) -> None:
    rules_of(desk, made, Rules(overlap=2))
    for pair in made.pairs[:9]:
        desk.judge(grade(made, *pair.key, 1, "ada"))
    bob = [pair.key for pair in desk.next_pairs(made.set_id, "bob", 14)]
    assert set(bob[:5]) == {pair.key for pair in made.pairs[9:]}


def test_hidden_repeats_come_later_and_count_apart(desk: JudgingDesk) -> None:
    made = desk.create(
        "Repeats", (JudgmentQuery("q1", "chair"),), ("clip",), 60, Rules(overlap=1, repeats=0.2),
        lambda query: [result("clip", [f"i{n}" for n in range(60)])],
    )  # fmt: skip
    order: list[tuple[str, int]] = []
    while tasks := desk.deal(made.set_id, "ada", 4).tasks:
        task = tasks[0]
        order.append((task.pair.item_id, task.round))
        value = 1 if task.round else 2
        desk.judge(replace(grade(made, *task.pair.key, value), round=task.round))
    repeated = [item for item, round in order if round]
    assert 3 <= len(repeated) == len(set(repeated))
    for item in repeated:
        assert order.index((item, 1)) - order.index((item, 0)) > 3
    assert len(desk.current(made.set_id)) == 60
    assert {e.grade for e in desk.current(made.set_id)} == {2}
    (report,) = annotator_reports(
        desk.current(made.set_id), desk.look(made.set_id, SetState.all_repeated)
    )
    assert (report.repeats, report.self_percent) == (len(repeated), 0.0)
    found = desk.progress(made.set_id, "ada")
    assert found.done == found.total == 60 + len(repeated)


def test_an_adjudicator_decides_and_deletions_keep_the_log(
    desk: JudgingDesk, made: JudgmentSet
) -> None:
    for who, value in (("ada", 3), ("bob", 0), ("cyd", 0)):
        desk.judge(grade(made, "q1", "q1-0", value, who))
    desk.judge(grade(made, "q1", "q1-1", 1))
    decide = replace(grade(made, "q1", "q1-0", 2, "lea"), kind=EventKind.ADJUDICATE, note="colour")
    (open_one,) = disagreements(desk.current(made.set_id), {})
    assert (open_one.spread, len(open_one.labels)) == (3, 3)
    assert labels(desk.current(made.set_id), "adjudicated").keys() == {("q1", "q1-1")}
    desk.judge(decide)
    decisions = desk.look(made.set_id, SetState.decisions)
    assert aggregate(desk.current(made.set_id), "majority", decisions)[("q1", "q1-0")] == 2
    assert disagreements(desk.current(made.set_id), decisions)[0].decision == decide
    assert len(desk.current(made.set_id)) == 4  # the decision is no label of an annotator
    bobs = [e.event_id for e in desk.current(made.set_id) if e.annotator == "bob"]
    assert desk.delete(made.set_id, bobs, "lea") == 1
    assert "bob" not in {e.annotator for e in desk.current(made.set_id)}
    assert len(desk.events(made.set_id)) == 6


def test_a_set_only_grows(desk: JudgingDesk, made: JudgmentSet) -> None:
    grown = desk.extend(made.set_id, [made.pairs[0], replace(made.pairs[0], item_id="new")])
    assert [pair.item_id for pair in grown.pairs[len(made.pairs) :]] == ["new"]
    with pytest.raises(JudgmentError, match="only grows"):
        desk.revise(made.set_id, lambda old: replace(old, pairs=old.pairs[1:]))
    with pytest.raises(JudgmentError, match="scale"):
        rules_of(desk, made, Rules(scale=(Grade(1, "yes"),)))
