"""Answers that were paid for, over several processes."""

from __future__ import annotations

from pathlib import Path

from core.domain.usage import Call, Spent, Usage
from core.store.ledger import Ledger

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
