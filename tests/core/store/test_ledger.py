"""Answers that were paid for, over several processes."""

from __future__ import annotations

from pathlib import Path

from core.domain.usage import Call, Spent, Usage
from core.store.ledger import Ledger

CALL = Call("k1", "judge", "m", {"type": "message"}, Spent(Usage(1, 100, 10), 0.5))


def test_an_answer_that_another_process_paid_for_is_found(tmp_path: Path) -> None:
    here, there = Ledger(tmp_path), Ledger(tmp_path)
    assert here.get("k1") is None
    there.add([CALL])
    assert here.get("k1") == CALL
    assert here.get("k2") is None
    assert here.spent() == there.spent() == CALL.spent


def test_a_batch_is_open_until_it_is_fetched(tmp_path: Path) -> None:
    here, there = Ledger(tmp_path), Ledger(tmp_path)
    name = here.intend("m", "s", {"k1": "judge"})
    assert [batch.roles for batch in there.intended_batches("m", "s")] == [{"k1": "judge"}]
    here.handed_in("b1", "m", "s", {"k1": "judge"}, name)
    (batch,) = there.open_batches("m", "s")
    assert (batch.batch_id, batch.at.tzinfo is not None) == ("b1", True)
    assert there.open_batches("m", "other") == there.intended_batches("m", "s") == []
    there.fetched("b1", "m", "s")
    assert here.open_batches("m", "s") == []
