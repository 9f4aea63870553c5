"""Groundings and failures of the items to describe are read for many items at once."""

from __future__ import annotations

import pytest

from core.app import rewriting_inputs
from core.language.limits import JobLimits
from core.store.corrections import CorrectionTable
from tests.core.language.rewriting_shop import ITEMS, Shop

BATCH = JobLimits(batch=True, wait=True, poll=0.0)


def test_the_number_of_reads_does_not_grow_with_the_number_of_items(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    standing = CorrectionTable.standing
    monkeypatch.setattr(CorrectionTable, "standing", lambda self: reads.append(1) or standing(self))
    assert shop.verbs.rewrite("shop", limits=BATCH).progress.done == ITEMS
    assert len(reads) < ITEMS


def test_items_of_many_groups_get_the_same_questions(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(rewriting_inputs, "GROUP", 2)
        small.setattr(rewriting_inputs, "_KEPT", 1)
        assert shop.verbs.rewrite("shop", limits=BATCH).progress.done == ITEMS
    shop.catalog.store.rewrite_runs._table.delete("true")
    assert shop.again().verbs.rewrite("shop", limits=JobLimits()).progress.done == ITEMS
    assert len(shop.server.questions) == 4 * ITEMS
