"""Groundings and failures of the items to describe are read for many items at once."""

from __future__ import annotations

import pytest

from core.app import rewriting_inputs
from core.language.limits import JobLimits
from core.store.corrections import CorrectionTable
from core.store.items import ItemTable
from tests.core.language.rewriting_shop import ITEMS, Shop

BATCH = JobLimits(batch=True, wait=True, poll=0.0)


def test_the_number_of_reads_does_not_grow_with_the_number_of_items(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    standing = CorrectionTable.standing
    monkeypatch.setattr(CorrectionTable, "standing", lambda self: reads.append(1) or standing(self))
    assert shop.rewriting.rewrite("shop", limits=BATCH).progress.done == ITEMS
    assert len(reads) < ITEMS


def test_items_of_many_groups_get_the_same_questions(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as small:
        small.setattr(rewriting_inputs, "GROUP", 2)
        small.setattr(rewriting_inputs, "_KEPT", 1)
        assert shop.rewriting.rewrite("shop", limits=BATCH).progress.done == ITEMS
    shop.catalog.store.rewrite_runs._table.delete("true")
    assert shop.again().rewriting.rewrite("shop", limits=JobLimits()).progress.done == ITEMS
    assert len(shop.server.questions) == 4 * ITEMS


def test_all_listings_are_read_once_for_all_shards(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[int] = []
    records = ItemTable.records

    def counted(self: ItemTable, item_ids: object = None) -> object:
        if item_ids is None:
            whole.append(1)
        return records(self, item_ids)  # type: ignore[arg-type]

    monkeypatch.setattr(ItemTable, "records", counted)
    assert shop.rewriting.rewrite_shards("shop", shards=3, limits=BATCH).progress.done == ITEMS
    assert len(whole) == 1
