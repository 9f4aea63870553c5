"""Nothing is paid for twice, and no budget is exceeded, where things go wrong around a batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.app.shard_costs import plan_of
from core.domain import RewriteReport
from core.domain.usage import NOTHING, Spent, Usage
from core.errors import BudgetReached, CatalogBusy, SettingsError
from core.language import batch_exchange, outbox
from core.language.limits import JobLimits
from core.language.orders import rewriting_job
from core.language.shard_budget import ShardBudget
from core.language.shard_plan import Plan, PlanFile
from core.store.ledger import Ledger
from tests.core.language.rewriting_shop import ITEMS, PRICES, Shop, asked

WAIT = JobLimits(patience=0.0, batch=True, wait=True, poll=0.01)
ONCE = replace(WAIT, wait=False)
#: What an answer of the test's server costs in a batch.
ANSWER = 0.5 * (100 * 1.0 + 10 * 5.0 + 7 * 0.1) / 1e6


def test_a_batch_whose_acceptance_is_lost_is_not_handed_in_twice(shop: Shop) -> None:
    patient = Shop(shop.data_dir, shop.server, retries=2)  # the client's own retries
    shop.server.batches_lost = 1
    report = patient.rewriting.rewrite("shop", limits=ONCE)
    assert "can't be reached" in report.stopped
    assert patient.again().rewriting.rewrite("shop", limits=WAIT).progress.done == ITEMS
    assert set(asked(shop).values()) == {1}


@pytest.mark.parametrize("shards", [False, True])
def test_a_batch_that_is_not_listed_yet_is_not_handed_in_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, shards: bool
) -> None:
    monkeypatch.setattr(batch_exchange, "LISTED_WITHIN", timedelta(days=1))

    def rewrite(again: Shop, limits: JobLimits) -> RewriteReport:
        if shards:
            return again.rewriting.rewrite_shards("shop", shards=1, limits=limits)
        return again.rewriting.rewrite("shop", limits=limits)

    shop.server.batches_lost, shop.server.batches_listed = 1, False
    rewrite(shop, ONCE)
    assert rewrite(shop.again(), ONCE).progress.waiting == ITEMS
    assert len(shop.server.batches) == 1
    shop.server.batches_listed = True
    assert rewrite(shop.again(), WAIT).progress.done == ITEMS
    assert set(asked(shop).values()) == {1}


def test_a_batch_that_never_came_to_be_listed_is_asked_again_while_it_is_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_exchange, "LISTED_WITHIN", timedelta(days=1))
    shop.server.batches_lost, shop.server.batches_listed = 1, False
    shop.rewriting.rewrite("shop", limits=ONCE)
    shop.server.batches.clear()  # it was not taken
    looks: list[int] = []

    def too_long() -> bool:
        looks.append(1)
        if len(looks) == 3:
            monkeypatch.setattr(batch_exchange, "LISTED_WITHIN", timedelta(0))
        return len(looks) > 100

    report = shop.again().rewriting.rewrite("shop", limits=WAIT, should_stop=too_long)
    assert (report.progress.done, report.stopped) == (ITEMS, "")


@pytest.mark.parametrize("shards", [False, True])
def test_killed_after_storing_answers_counts_their_cost_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, shards: bool
) -> None:
    def rewrite(again: Shop) -> None:
        if shards:
            again.rewriting.rewrite_shards("shop", shards=1, limits=WAIT)
        else:
            again.rewriting.rewrite("shop", limits=WAIT)

    with monkeypatch.context() as killing:
        killing.setattr(Ledger, "fetched", lambda *given: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(MemoryError):
            rewrite(shop)
    rewrite(shop.again())
    assert len(shop.server.questions) == 4 * ITEMS
    assert shop.rewriting.spent().dollars == pytest.approx(4 * ITEMS * ANSWER)
    assert shop.rewriting.spent().usage.calls == 4 * ITEMS


def test_what_the_server_may_have_taken_stays_reserved(shop: Shop) -> None:
    shop.server.batches_end, shop.server.batches_lost = False, 1
    plan = plan_of(shop.data_dir, "shop")
    report = shop.rewriting.rewrite_shards("shop", shards=1, limits=replace(ONCE, dollars=1.0))
    assert "can't be reached" in report.stopped
    ledger = Ledger(plan.shard(0, plan.read()), plan.shard(0, plan.read()))
    (taken,) = ledger.intended_batches()
    assert taken.most.dollars > 0
    held = plan.read().allotted
    assert (held.usage.tokens, held.dollars) == (taken.most.usage.tokens, taken.most.dollars)
    shop.server.end_batches()
    shop.again().rewriting.rewrite_shards("shop", limits=WAIT)
    assert set(asked(shop).values()) == {1}
    assert plan.read().allotted.dollars == pytest.approx(4 * ITEMS * ANSWER)


def test_one_job_keeps_to_its_budget_where_an_acceptance_is_lost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_QUESTIONS", 4)
    shop.server.batches_end, shop.server.batches_lost = False, 1
    looks: list[int] = []
    limits = replace(WAIT, dollars=0.03, patience=60.0)  # room for four questions

    def stop() -> bool:
        looks.append(1)
        return len(looks) > 8

    shop.rewriting.rewrite("shop", limits=limits, should_stop=stop)
    assert len(asked(shop)) == 4
    assert set(asked(shop).values()) == {1}


def test_a_refused_batch_is_not_handed_in_again_and_again(shop: Shop) -> None:
    shop.server.batches_refused = 10**6
    report = shop.rewriting.rewrite_shards("shop", shards=1, limits=replace(WAIT, dollars=1.0))
    assert "too large (413)" in report.stopped
    assert shop.server.batches_refused >= 10**6 - 2
    plan = plan_of(shop.data_dir, "shop")
    folder = plan.shard(0, plan.read())
    assert Ledger(folder, folder).intended_batches() == []
    assert plan.read().allotted.dollars == pytest.approx(0)


def test_after_a_refused_batch_nothing_stays_reserved(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_QUESTIONS", 4)  # the fifth question is reserved for already
    shop.server.batches_refused = 1
    shop.rewriting.rewrite_shards("shop", shards=1, limits=replace(ONCE, dollars=1.0))
    assert plan_of(shop.data_dir, "shop").read().allotted.dollars == pytest.approx(0)


def test_shards_do_not_ask_what_is_under_way_without_shards(shop: Shop) -> None:
    shop.server.batches_end = False
    shop.rewriting.rewrite("shop", limits=ONCE)
    with pytest.raises(SettingsError, match="without shards are still to come"):
        shop.again().rewriting.rewrite_shards("shop", shards=2, limits=ONCE)
    assert plan_of(shop.data_dir, "shop").read() is None
    shop.server.end_batches()
    report = shop.again().rewriting.rewrite_shards("shop", shards=2, limits=WAIT)
    assert report.progress.done == ITEMS
    assert set(asked(shop).values()) == {1}


def test_shards_and_a_job_without_shards_do_not_run_at_once(shop: Shop) -> None:
    with rewriting_job(shop.catalog.store.root).begin():
        with pytest.raises(CatalogBusy, match="being rewritten already"):
            shop.rewriting.rewrite_shards("shop", shards=2, limits=ONCE)
        assert plan_of(shop.data_dir, "shop").read() is None
    shop.rewriting.rewrite_shards("shop", shards=2, limits=ONCE)
    with pytest.raises(CatalogBusy, match="--wait --shards 2"):
        shop.rewriting.rewrite("shop")


def test_batches_of_another_model_are_neither_forgotten_nor_deleted(shop: Shop) -> None:
    plan, server = plan_of(shop.data_dir, "shop"), shop.models.agent.messages.base_url
    plan.open(1, 1.0, None)
    folder = plan.shard(0, plan.read())
    most = Spent(Usage(input_tokens=7), 0.5)
    name = Ledger(folder, folder).intend("earlier", server, {"k": "refiner"}, most)
    Ledger(folder, folder).handed_in("b1", "earlier", server, {"k": "refiner"}, name, most)
    shop.rewriting.rewrite_shards("shop", limits=WAIT)
    cost = 4 * ITEMS * ANSWER + 0.5
    assert plan.read().allotted.dollars == pytest.approx(cost)
    with pytest.raises(SettingsError, match="the model that was asked"):
        shop.rewriting.merge_shards("shop")
    assert folder.exists()


def test_a_budget_in_dollars_is_not_kept_by_leaving_out_unknown_prices(tmp_path: Path) -> None:
    plan = PlanFile(tmp_path / "shop")
    plan.open(2, None, 1000)
    plan.note(0, Spent(Usage(input_tokens=7), None), NOTHING)
    with pytest.raises(SettingsError, match="no known price"):
        plan.open(None, 1.0, None)
    other = PlanFile(tmp_path / "other")
    other.open(2, 1.0, None)
    budget = ShardBudget("claude-test", PRICES, other, 0, Spent(dollars=None), NOTHING)
    with pytest.raises(BudgetReached):
        budget.reserve(Usage(1, 10, 10), batch=True)


def test_the_setting_s_budget_does_not_replace_that_of_an_open_plan(shop: Shop) -> None:
    plan = plan_of(shop.data_dir, "shop")
    richer = shop.rewriting._settings.model_copy(update={"rewrite_budget": 500.0})
    shop.rewriting._settings = richer
    shop.rewriting.rewrite_shards("shop", shards=1, limits=replace(ONCE, dollars=1.0))
    shop.rewriting.rewrite_shards("shop", limits=ONCE)
    shop.rewriting.rewrite_shards("shop", limits=None)
    assert plan.read().dollars == 1.0
    while shop.rewriting.rewrite_shards("shop", limits=ONCE).stopped:
        pass
    shop.rewriting.merge_shards("shop")
    shop.rewriting.rewrite_shards("shop", shards=1, limits=ONCE)
    assert plan.read().dollars == 500.0


@pytest.mark.parametrize("cap", [{"dollars": 0.03}, {"tokens": 25_000}])
def test_a_shard_at_work_keeps_to_a_budget_that_is_given_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, cap: dict[str, Any]
) -> None:
    monkeypatch.setattr(outbox, "MOST_QUESTIONS", 1)
    shop.server.batches_end = False
    plan, given = plan_of(shop.data_dir, "shop"), []

    def give(name: str) -> None:
        if not given:
            given.append(plan.open(None, cap.get("dollars"), cap.get("tokens")))

    shop.server.on_batch = give
    report = shop.rewriting.rewrite_shards("shop", shards=1, limits=ONCE)
    assert "for all shards is used up" in report.stopped
    allotted = plan.read().allotted
    assert allotted.dollars <= cap.get("dollars", 10**9)
    assert allotted.usage.tokens <= cap.get("tokens", 10**9)
    assert 2 <= len(asked(shop)) < ITEMS


def test_no_shards_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="one shard at least"):
        PlanFile(tmp_path / "shop").open(0, None, None)


def test_a_plan_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    plan = PlanFile(tmp_path / "shop")
    plan.open(2, 1.0, None)
    (tmp_path / "shop" / "plan.json").unlink()
    with pytest.raises(SettingsError, match=r"plan\.json is gone"):
        plan.grow(0, Spent(dollars=0.1))
    with pytest.raises(SettingsError, match=r"plan\.json is gone"):
        ShardBudget("claude-test", PRICES, plan, 0, NOTHING, NOTHING)


def test_one_of_many_processes_that_begin_at_once_is_not_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one begins the plan, it has the lock of jobs without shards; another one waits."""
    plan = plan_of(shop.data_dir, "shop")
    active = PlanFile.active

    def begun_meanwhile(self: PlanFile) -> Plan | None:
        before = active(self)
        if before is None:
            plan.open(2, 1.0, None)
        return before

    with rewriting_job(shop.catalog.store.root).begin():
        monkeypatch.setattr(PlanFile, "active", begun_meanwhile)
        report = shop.rewriting._shards(shop.catalog).run(WAIT, 2)
    assert report.progress.done == ITEMS
