"""Answers that were paid for, over several processes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from core.base.locks import is_locked
from core.domain.usage import Call, Spent, Usage
from core.store import ledger as module
from core.store.ledger import BATCHES, CALLS, Ledger

CALL = Call("k1", "judge", "m", {"type": "message"}, Spent(Usage(1, 100, 10), 0.5))


def test_an_answer_that_another_process_paid_for_is_found(tmp_path: Path) -> None:
    here, elsewhere = Ledger(tmp_path), Ledger(tmp_path)
    assert here.get("k1") is None
    elsewhere.add([CALL])
    assert here.get("k1") == CALL
    assert here.get("k2") is None
    assert here.spent() == elsewhere.spent() == CALL.spent


def test_a_batch_is_open_until_it_is_fetched(tmp_path: Path) -> None:
    here, elsewhere = Ledger(tmp_path), Ledger(tmp_path)
    name = here.intend("m", "s", {"k1": "judge"})
    assert [batch.roles for batch in elsewhere.intended_batches("m", "s")] == [{"k1": "judge"}]
    here.handed_in("b1", "m", "s", {"k1": "judge"}, name)
    (batch,) = elsewhere.open_batches("m", "s")
    assert (batch.batch_id, batch.at.tzinfo is not None) == ("b1", True)
    assert elsewhere.open_batches("m", "other") == elsewhere.intended_batches("m", "s") == []
    elsewhere.fetched("b1", "m", "s")
    assert here.open_batches("m", "s") == []


def test_a_ledger_of_an_earlier_version_gets_what_batches_may_cost(tmp_path: Path) -> None:
    old = pa.schema([field for field in BATCHES if not field.name.startswith("most_")])
    (tmp_path / "agent").mkdir()
    table = lancedb.connect(tmp_path / "agent").create_table("batches", schema=old)
    row = {field.name: "" for field in old} | {"event": "handed in", "batch_id": "b1", "model": "m"}
    row |= {"server": "s", "questions": '{"k1": "judge"}', "at": datetime.now(UTC)}
    table.add(pa.Table.from_pylist([row], schema=old))
    ledger = Ledger(tmp_path)
    assert [batch.most.usage.tokens for batch in ledger.open_batches("m", "s")] == [0]
    most = Spent(Usage(input_tokens=7), 0.5)
    ledger.intend("m", "s", {"k2": "judge"}, most)
    assert [batch.most for batch in Ledger(tmp_path).intended_batches("m", "s")] == [most]


OTHER = Call("k2", "refiner", "n", {"text": "grün"}, Spent(Usage(1, 2, 3, 4, 5), None), batch=True)


def test_answers_come_back_as_they_were_and_their_cost_adds_up(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert ledger.spent() == Spent()
    ledger.add([CALL, OTHER])
    ledger.add([])
    assert (ledger.get("k1"), ledger.get("k2")) == (CALL, OTHER)
    assert (Ledger(tmp_path).get("k1"), Ledger(tmp_path).get("k2")) == (CALL, OTHER)
    assert ledger.spent() == CALL.spent + OTHER.spent
    rows = ledger._calls.to_arrow().to_pylist()
    assert "grün" in rows[1]["body"]
    assert [(row["role"], row["model"], row["batch"]) for row in rows] == [
        ("judge", "m", False), ("refiner", "n", True)
    ]  # fmt: skip
    assert all(abs((datetime.now(UTC) - row["at"]).total_seconds()) < 60 for row in rows)


def test_a_question_that_nobody_asked_is_looked_up_once_per_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, reads = Ledger(tmp_path), []
    read = module.read_rows
    monkeypatch.setattr(module, "read_rows", lambda *a, **k: reads.append(a[1]) or read(*a, **k))
    for _ in range(3):
        assert ledger.get("k1") is None
    assert reads == [["key"]]
    Ledger(tmp_path).add([CALL])
    assert ledger.get("k1") == CALL
    assert reads == [["key"], ["key"], CALLS.names]
    ledger.add([OTHER])
    assert ledger.get("k2") == OTHER  # one's own answers are known without reading
    assert reads == [["key"], ["key"], CALLS.names, CALLS.names]


def test_costs_are_added_again_only_when_there_are_more_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, reads = Ledger(tmp_path), []
    ledger.add([CALL])
    read = module.read_rows
    monkeypatch.setattr(module, "read_rows", lambda *a, **k: reads.append(a[1]) or read(*a, **k))
    assert [ledger.spent() for _ in range(3)] == [CALL.spent] * 3
    assert reads == [["usage", "dollars"]]
    Ledger(tmp_path).add([OTHER])
    assert ledger.spent() == CALL.spent + OTHER.spent
    assert len(reads) == 2


def test_the_cost_of_what_another_ledger_has_more(tmp_path: Path) -> None:
    here, elsewhere = Ledger(tmp_path / "a"), Ledger(tmp_path / "b")
    elsewhere.add([CALL, OTHER])
    assert here.cost_of_missing(elsewhere) == CALL.spent + OTHER.spent
    here.add([OTHER])
    assert (here.cost_of_missing(elsewhere), elsewhere.cost_of_missing(here)) == (
        CALL.spent,
        Spent(),
    )
    here.add([CALL])
    assert here.cost_of_missing(elsewhere) == Spent()


@pytest.mark.parametrize(("pieces", "merged"), [(127, []), (128, [1])])
def test_many_fragments_are_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: int, merged: list[int]
) -> None:
    ledger, done = Ledger(tmp_path), []
    monkeypatch.setattr(module, "fragments", lambda table: pieces)
    monkeypatch.setattr(module, "compact", lambda table: done.append(1))
    ledger.add([])
    assert done == []
    ledger.add([CALL])
    assert done == merged
    ledger.fetched("b1", "m", "s")
    assert done == 2 * merged


def test_the_questions_of_batches_that_were_fetched_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, got = Ledger(tmp_path), []
    for number in range(3):
        name = ledger.intend("m", "s", {f"k{number}": "judge"})
        ledger.handed_in(f"b{number}", "m", "s", {f"k{number}": "judge"}, name)
        if number < 2:
            ledger.fetched(f"b{number}", "m", "s")
    read = module.read_by
    monkeypatch.setattr(module, "read_by", lambda *a: got.append(read(*a)) or got[-1])
    assert [batch.roles for batch in ledger.open_batches("m", "s")] == [{"k2": "judge"}]
    assert [table.num_rows for table in got] == [1]


def test_a_batch_s_outcome_is_unknown_until_it_is_handed_in_or_dropped(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    roles = {"k1": "judge", "k2": "refiner"}
    first, second, third = (ledger.intend("m", "s", {**roles, "n": f"{n}"}) for n in range(3))
    assert len({first, second, third}) == 3
    assert len(first) == 32
    ledger.intend("other", "s", roles)
    ledger.intend("m", "other", roles)
    unknown = ledger.intended_batches("m", "s")
    assert [(batch.name, batch.roles["n"]) for batch in unknown] == [
        (first, "0"), (second, "1"), (third, "2"),
    ]  # fmt: skip
    assert abs((datetime.now(UTC) - unknown[0].at).total_seconds()) < 60
    ledger.handed_in("b2", "m", "s", roles, second)
    ledger.handed_in("b1", "m", "s", {}, first)
    ledger.dropped(third, "m", "s")
    assert ledger.intended_batches("m", "s") == []
    opened = ledger.open_batches("m", "s")
    assert [(batch.batch_id, batch.roles) for batch in opened] == [("b2", roles), ("b1", {})]
    ledger.fetched("b2", "m", "s")
    ledger.fetched("b1", "other", "s")
    assert [batch.batch_id for batch in ledger.open_batches("m", "s")] == ["b1"]
    assert ledger.batch_ids("m", "s") == {"b1", "b2"}
    assert ledger.batch_ids("m", "other") == set()
    assert [batch.batch_id for batch in ledger.open_batches()] == ["b1"]
    assert [batch.roles for batch in ledger.intended_batches()] == [roles, roles]
    rows = ledger._batches.to_arrow().to_pylist()
    columns = ("event", "name", "batch_id", "questions")
    assert [[row[name] for name in columns] for row in rows[-3:]] == [
        ["dropped", third, "", "{}"], ["fetched", "", "b2", "{}"], ["fetched", "", "b1", "{}"]
    ]  # fmt: skip


def test_one_job_at_a_time_hands_in_or_fetches(tmp_path: Path) -> None:
    with Ledger(tmp_path).batch_lock:
        assert is_locked(tmp_path / "agent" / ".batches")
    assert not is_locked(tmp_path / "agent" / ".batches")
