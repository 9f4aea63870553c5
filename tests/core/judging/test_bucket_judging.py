"""Several servers judge over one bucket, each with a folder of its own; some are killed."""

from __future__ import annotations

import multiprocessing
import random
import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.base.buckets import Bucket, connect
from core.domain import EventKind, JudgmentEvent, JudgmentSet, Pair, Rules
from core.judging.judgment_queue import JudgmentQueue
from core.judging.leases import Deal, DealOutdated, Leases
from core.store.database import open_database
from tests.core.judging.desks import QUERIES, answer, grade
from tests.object_store import requests_of


def _desk(folder: Path, uri: str) -> JudgmentQueue:
    connected = connect(folder, uri)
    return JudgmentQueue(open_database(connected.folder / "catalogs" / "shop" / "lance"))


def _judge(folder: str, uri: str, set_id: str, who: str, acknowledged: str) -> None:
    desk = _desk(Path(folder), uri)
    with Path(acknowledged).open("a") as file:
        while pairs := desk.next_pairs(set_id, who):
            event = JudgmentEvent(
                uuid.uuid4().hex, EventKind.GRADE, set_id, *pairs[0].key, who, 1, "",
                datetime.now(UTC), 1.0,
            )  # fmt: skip
            desk.judge(event)
            file.write(event.event_id + "\n")
            file.flush()


@pytest.fixture
def shared_desk(in_bucket: Bucket) -> JudgmentQueue:
    return _desk(in_bucket.folder, str(in_bucket.address))


@pytest.fixture
def shared_set(shared_desk: JudgmentQueue) -> JudgmentSet:
    return shared_desk.sets.create("Chairs", QUERIES, ("clip",), 4, Rules(overlap=1), answer)


def test_what_one_server_deals_and_stores_another_knows(
    in_bucket: Bucket, tmp_path: Path, shared_desk: JudgmentQueue, shared_set: JudgmentSet
) -> None:
    other = _desk(tmp_path / "other", str(in_bucket.address))
    assert other.sets.get(shared_set.set_id) == shared_set
    own_pairs = shared_desk.next_pairs(shared_set.set_id, "ada", 3)
    other_pairs = other.next_pairs(shared_set.set_id, "bob", 30)
    assert not {pair.key for pair in own_pairs} & {pair.key for pair in other_pairs}
    assert len(own_pairs) + len(other_pairs) == len(shared_set.pairs)
    shared_desk.judge(grade(shared_set, *own_pairs[0].key, 2))
    assert [event.grade for event in other.current(shared_set.set_id)] == [2]
    assert other.undo(shared_set.set_id, "ada") is not None
    assert shared_desk.current(shared_set.set_id) == []
    # Hidden repeats are drawn with one secret.
    assert other.task_keys.secret == shared_desk.task_keys.secret


def test_leases_are_not_written_over_those_of_another_server(in_bucket: Bucket) -> None:
    path = in_bucket.folder / "leases.sqlite"
    leases = Leases(path)
    with leases.dealing("set") as deal:
        deal.take("ada", "tab", [("q", "a", 0)])

    def take_while_another_server_writes() -> None:
        with leases.dealing("set") as deal:
            deal.take("bob", "tab", [("q", "b", 0)])
            stored = in_bucket.get(path)
            assert stored is not None
            in_bucket.put(path, stored.data + b"\0")

    with pytest.raises(DealOutdated):
        take_while_another_server_writes()
    changes = [b"\0"]

    def take(deal: Deal) -> None:
        deal.take("bob", "tab", [("q", "b", 0)])
        stored = in_bucket.get(path)
        if changes and stored is not None:
            in_bucket.put(path, stored.data + changes.pop())

    leases.deal("set", take)
    with leases.dealing("set") as deal:
        assert deal.held("cyd", "tab").holders == {("q", "a"): {"ada"}, ("q", "b"): {"bob"}}


def test_a_judgment_asks_the_store_few_times_whatever_others_wrote(
    in_bucket: Bucket, tmp_path: Path, shared_desk: JudgmentQueue, store_address: str
) -> None:
    made = shared_desk.sets.create("Many", QUERIES, ("clip",), 40, Rules(overlap=1), answer)
    other = _desk(tmp_path / "other", str(in_bucket.address))
    for desk, who in ((shared_desk, "ada"), (other, "bob")):
        desk.judge(grade(made, *desk.next_pairs(made.set_id, who)[0].key, 1, who))
    for _ in range(12):
        other.judge(grade(made, *other.next_pairs(made.set_id, "bob")[0].key, 1, "bob"))
    requests_of(store_address)
    shared_desk.judge(grade(made, *shared_desk.next_pairs(made.set_id, "ada")[0].key, 1, "ada"))
    asked = requests_of(store_address)
    assert len(asked) <= 8, asked
    # Leases travel with each deal: those of judged pairs are gone.
    leases = in_bucket.folder / "catalogs" / "shop" / "judging-leases.sqlite"
    with Leases(leases).dealing(made.set_id) as deal:
        held = deal.held("cyd", "tab").holders
    assert sum(map(len, held.values())) <= 3


def test_a_pair_that_another_server_added_is_judged_at_once(
    in_bucket: Bucket, tmp_path: Path, shared_desk: JudgmentQueue, shared_set: JudgmentSet
) -> None:
    other = _desk(tmp_path / "other", str(in_bucket.address))
    other.sets.get(shared_set.set_id)  # it will not look again for a second
    added = Pair(shared_set.pairs[0].query, "added-item")
    grown = shared_desk.sets.extend(shared_set.set_id, [added])
    other.judge(grade(grown, *added.key, 2, "bob"))
    assert [event.item_id for event in shared_desk.current(grown.set_id)] == ["added-item"]
    both = other.sets.extend(shared_set.set_id, [Pair(added.query, "second-item")])
    assert {"added-item", "second-item"} <= {pair.item_id for pair in both.pairs}
    made = shared_desk.sets.create("New", QUERIES, ("clip",), 2, Rules(overlap=1), answer)
    assert other.sets.get(made.set_id) == made


@pytest.mark.slow
def test_killed_servers_lose_nothing_and_judge_nothing_twice(
    in_bucket: Bucket, tmp_path: Path, shared_desk: JudgmentQueue, shared_set: JudgmentSet
) -> None:
    uri, names = str(in_bucket.address), ["ada", "bob", "cyd"]
    context, draw = multiprocessing.get_context("spawn"), random.Random(5)

    def start(who: str) -> multiprocessing.process.BaseProcess:
        process = context.Process(
            target=_judge,
            args=(str(tmp_path / f"copies-{who}"), uri, shared_set.set_id, who,
                  str(tmp_path / who)),
        )  # fmt: skip
        process.start()
        return process

    def lines(who: str) -> list[str]:
        file = tmp_path / who
        return file.read_text().split() if file.exists() else []

    def kill_after_one_more(who: str) -> None:
        before = len(lines(who))
        while len(lines(who)) == before and running[who].is_alive():
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.3))  # at any step of the next one
        running[who].kill()
        running[who].join()

    running = {who: start(who) for who in names}
    for who in draw.choices(names, k=3):
        kill_after_one_more(who)
        running[who] = start(who)
    for process in running.values():
        process.join()
    assert [process.exitcode for process in running.values()] == [0, 0, 0]
    rows = Counter(event.event_id for event in shared_desk.events(shared_set.set_id))
    acknowledged = [line for who in names for line in lines(who)]
    assert set(acknowledged) <= set(rows)
    assert set(rows.values()) == {1}
    judged = Counter(event.item_id for event in shared_desk.current(shared_set.set_id))
    assert set(judged.values()) == {1}, "a pair that one person judges went to two"
