"""The end of describing in shards: their ledgers are merged, and their folders deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from core.app.shard_costs import plan_of, spent_in_shards
from core.app.sharded_rewriting import ShardedRewriting
from core.errors import CatalogBusy, SettingsError
from core.language import shard_plan
from core.language.limits import JobLimits
from core.language.orders import shard_job
from core.language.shard_plan import MERGED, MERGING, OPEN
from core.store.ledger import Ledger
from tests.core.language.rewriting_shop import ITEMS, Shop, rounded

WAIT = JobLimits(patience=0.0, batch=True, wait=True, poll=0.01)


def test_a_merge_that_was_killed_counts_nothing_twice(shop: Shop) -> None:
    shop.rewriting.rewrite_shards("shop", shards=2, limits=WAIT)
    before, plan = shop.rewriting.spent(), plan_of(shop.data_dir, "shop")
    with _killed_while_it_copies(shop):
        shop.rewriting.merge_shards("shop")
    assert rounded(shop.again().rewriting.spent()) == rounded(before)
    assert spent_in_shards(plan, shop.models.ledger).dollars < before.dollars
    with pytest.raises(SettingsError, match="being merged"):
        shop.rewriting.rewrite_shards("shop", limits=WAIT)
    added, spent = shop.again().rewriting.merge_shards("shop")
    assert 0 < added < 4 * ITEMS
    assert rounded(spent) == rounded(before) == rounded(shop.again().rewriting.spent())
    keys = shop.models.ledger._calls.to_arrow()["key"].to_pylist()
    assert len(keys) == len(set(keys)) == 4 * ITEMS


@pytest.mark.parametrize("merged", [False, True])
def test_a_merge_that_is_refused_ends_no_process_that_waits(shop: Shop, merged: bool) -> None:
    plan, naps = plan_of(shop.data_dir, "shop"), []
    shop.server.batches_end = False

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 1:
            plan.set_state(MERGING)
        elif len(naps) == 2:
            plan.set_state(MERGED if merged else OPEN)
            shop.server.end_batches()

    models = shop.models
    sharded = ShardedRewriting(
        shop.catalog, models.agent, models.ledger, models.for_indexing(), shop.data_dir, nap
    )
    if merged:
        with pytest.raises(SettingsError, match="merged meanwhile"):
            sharded.run(WAIT, 2)
    else:
        assert sharded.run(WAIT, 2).progress.done == ITEMS


@pytest.mark.parametrize("then", ["merge", "new shards"])
def test_folders_that_a_killed_merge_left_are_deleted(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    shop.rewriting.rewrite_shards("shop", shards=2, limits=WAIT)
    plan = plan_of(shop.data_dir, "shop")
    left = plan.shard(0, plan.read()).parent

    def killed(folder: Path) -> None:
        raise MemoryError

    with monkeypatch.context() as killing:
        killing.setattr(shard_plan, "unshare_all", killed)
        with pytest.raises(MemoryError):
            shop.rewriting.merge_shards("shop")
    assert left.is_dir()
    if then == "merge":
        with pytest.raises(SettingsError, match="no shards to merge"):
            shop.again().rewriting.merge_shards("shop")
    else:
        shop.again().rewriting.rewrite_shards("shop", shards=2, limits=WAIT)
    assert not left.exists()


def test_what_a_killed_merge_has_copied_is_not_counted_twice_where_the_next_one_is_refused(
    shop: Shop,
) -> None:
    shop.rewriting.rewrite_shards("shop", shards=2, limits=WAIT)
    before, plan = shop.rewriting.spent(), plan_of(shop.data_dir, "shop")
    with _killed_while_it_copies(shop):
        shop.rewriting.merge_shards("shop")
    with shard_job(plan.shard(1, plan.read()), "shop", 1).begin(), suppress(CatalogBusy):
        shop.again().rewriting.merge_shards("shop")
    assert rounded(shop.again().rewriting.spent()) == rounded(before)


@contextmanager
def _killed_while_it_copies(shop: Shop) -> Iterator[None]:
    """Have a merge end once it has taken in one shard's answers."""
    ledger, taken = shop.models.ledger, []
    take_in = ledger.take_in

    def killed(other: Ledger) -> int:
        if taken:
            raise MemoryError
        taken.append(other)
        return take_in(other)

    ledger.take_in = killed
    with pytest.raises(MemoryError):
        yield
