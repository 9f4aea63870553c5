from __future__ import annotations

import multiprocessing
import os
import signal
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain import (
    EventKind,
    Hit,
    Item,
    JudgmentEvent,
    JudgmentQuery,
    JudgmentSet,
    Photo,
    SearchResult,
)
from core.errors import JudgmentError
from core.judging.aggregation import aggregate
from core.judging.desk import JudgingDesk
from core.judging.export import read_qrels
from core.judging.log import JudgmentLog
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
    return desk.create("Chairs, round 1", QUERIES, ("clip", "vl-clip"), 4, "Look closely.", answer)


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
    assert desk.undo(made.set_id, "ada") == second
    assert desk.undo(made.set_id, "ada") == first
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
        desk.create("Empty", QUERIES, ("clip",), 5, "", lambda query: [result("clip", [])])
    assert desk.current(made.set_id) == []


def test_exports(tmp_path: Path, desk: JudgingDesk, made: JudgmentSet) -> None:
    for who, value in (("ada", 3), ("bob", 1), ("=cmd()", 1)):
        desk.judge(grade(made, "q1", "q1-0", value, who))
    qrels = desk.write(made.set_id, tmp_path / "out" / "a.qrels", "qrels").read_text()
    assert qrels == "q1 0 q1-0 1\n"
    table = desk.write(made.set_id, tmp_path / "a.csv", "csv").read_text().splitlines()
    assert len(table) == 4
    assert sum("'=cmd()" in line for line in table) == 1
    with pytest.raises(JudgmentError, match="no format"):
        desk.write(made.set_id, tmp_path / "a.txt", "txt")


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


def test_csv_comes_back_without_loss(tmp_path: Path, desk: JudgingDesk, made: JudgmentSet) -> None:
    notes = ["=1+1", "'quoted", "-3", 'two\nlines, “quotes" and ünïcode', "@x", ""]
    for number, note in enumerate(notes):
        event = replace(grade(made, "q1", f"q1-{number}", number % 4, f"+{number}"), note=note)
        desk.judge(replace(event, seconds=0.1 + 0.2))
    before = desk.current(made.set_id)
    file = desk.write(made.set_id, tmp_path / "labels.csv", "csv")
    assert desk.read(made.set_id, file) == 0
    elsewhere = JudgingDesk(open_database(tmp_path / "other"))
    elsewhere._sets.add(made)
    assert elsewhere.read(made.set_id, file) == len(notes)
    assert elsewhere.current(made.set_id) == before


def test_a_broken_import_names_the_line_and_takes_nothing(
    tmp_path: Path, desk: JudgingDesk, made: JudgmentSet
) -> None:
    desk.judge(grade(made, "q1", "q1-0", 1))
    file = desk.write(made.set_id, tmp_path / "labels.csv", "csv")
    first, label = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([first, label, label.replace(",grade,1", ",grade,one")]))
    with pytest.raises(JudgmentError, match="line 3"):
        desk.read(made.set_id, file)
    file.write_text("a,b\n1,2\n")
    with pytest.raises(JudgmentError, match="lacks the columns"):
        desk.read(made.set_id, file)
    assert len(desk.current(made.set_id)) == 1


def test_qrels_come_back(tmp_path: Path, desk: JudgingDesk, made: JudgmentSet) -> None:
    for item, value in (("q1-0", 3), ("q1-1", 0)):
        desk.judge(grade(made, "q1", item, value))
    file = desk.write(made.set_id, tmp_path / "a.qrels", "qrels", "majority")
    assert read_qrels(file) == aggregate(desk.current(made.set_id), "majority")
    file.write_text("q1 0 x\n")
    with pytest.raises(JudgmentError, match="line 1"):
        read_qrels(file)


@pytest.mark.slow
def test_a_hundred_thousand_events_stay_interactive(tmp_path: Path, desk: JudgingDesk) -> None:
    queries = tuple(JudgmentQuery(f"q{i}", text="chair") for i in range(100))
    made = desk.create(
        "Large", queries, ("clip",), 100, "",
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
