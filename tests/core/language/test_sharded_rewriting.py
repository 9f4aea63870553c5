"""The agent over a catalogue in shards: one budget, kills, ledgers that are merged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.app.shard_costs import plan_of
from core.app.sharded_rewriting import ShardedRewriting, shard_of
from core.domain.usage import NOTHING, Spent
from core.errors import BudgetReached, CatalogBusy, SettingsError
from core.language.limits import JobLimits
from core.language.orders import shard_job
from core.language.shard_plan import PlanFile
from core.store.ledger import ShardLedger
from tests.core.language.messages_server import Answer, trouble
from tests.core.language.rewriting_shop import ITEMS, Shop, asked, good_answer, rounded, title

ROOT = Path(__file__).parents[3]
WAIT = JobLimits(patience=0.0, batch=True, wait=True, poll=0.01)
#: What an answer of the test's server costs in a batch.
ANSWER = 0.5 * (100 * 1.0 + 10 * 5.0 + 7 * 0.1) / 1e6


def test_all_shards_are_described_and_their_ledgers_merged(shop: Shop) -> None:
    report = shop.rewriting.rewrite_shards("shop", shards=3, limits=WAIT)
    assert (report.progress.done, report.progress.failed, report.stopped) == (ITEMS, 0, "")
    assert report.embedded == ITEMS
    assert shop.texts()["id-001"] == "Seen better green chair 1"
    assert set(asked(shop).values()) == {1}
    assert len(shop.server.questions) == 4 * ITEMS
    cost = pytest.approx(4 * ITEMS * ANSWER)
    assert report.progress.spent.dollars == cost
    with pytest.raises(CatalogBusy, match="described in 3 shards"):
        shop.rewriting.rewrite("shop")

    before, ledger = shop.rewriting.spent(), shop.models.ledger
    assert (before.dollars, ledger.spent()) == (cost, NOTHING)
    added, spent = shop.again().rewriting.merge_shards("shop")
    assert (added, rounded(spent)) == (4 * ITEMS, rounded(before))
    assert len(ledger.keys()) == 4 * ITEMS
    assert rounded(shop.rewriting.spent()) == rounded(ledger.spent()) == rounded(before)
    assert (
        not plan_of(shop.data_dir, "shop").shard(0, plan_of(shop.data_dir, "shop").read()).exists()
    )
    with pytest.raises(SettingsError, match="no shards to merge"):
        shop.rewriting.merge_shards("shop")
    # what was merged is not asked again, by one job or in other shards
    shop.catalog.store.rewrite_runs._table.delete("true")
    assert shop.again().rewriting.rewrite("shop").progress.done == ITEMS
    shop.catalog.store.rewrite_runs._table.delete("true")
    again = shop.again().rewriting.rewrite_shards("shop", shards=2, limits=WAIT)
    assert (again.progress.done, again.progress.spent) == (ITEMS, NOTHING)
    assert len(shop.server.questions) == 4 * ITEMS


def test_equal_items_are_in_one_shard(shop: Shop) -> None:
    store = shop.catalog.store
    first = store.items.records()["id-000"]
    store.items.upsert([replace(first, item=replace(first.item, item_id="twin"))])
    assert len({shard_of(r.item, 3) for r in store.items.records().values()}) > 1
    report = shop.rewriting.rewrite_shards("shop", shards=3, limits=WAIT)
    assert report.progress.done == ITEMS + 1
    assert len(shop.server.questions) == 4 * ITEMS


def test_without_waiting_each_call_goes_one_round_on(shop: Shop) -> None:
    once = replace(WAIT, wait=False)
    first = shop.rewriting.rewrite_shards("shop", shards=2, limits=once)
    assert (first.progress.done, first.progress.waiting) == (0, ITEMS)
    assert "Run it again" in first.stopped
    with pytest.raises(SettingsError, match="waits for answers of a batch"):
        shop.rewriting.merge_shards("shop")
    for _ in range(3):
        shop.again().rewriting.rewrite_shards("shop", limits=once)
    last = shop.again().rewriting.rewrite_shards("shop", limits=once)
    assert (last.progress.waiting, last.stopped) == (0, "")
    assert set(asked(shop).values()) == {1}
    assert len(asked(shop)) == 4 * ITEMS


def test_a_process_takes_only_free_shards_or_those_it_may(shop: Shop) -> None:
    plan = plan_of(shop.data_dir, "shop").open(3, None, None)
    shards = {number: [] for number in range(3)}
    for name, record in shop.catalog.store.items.records().items():
        shards[shard_of(record.item, 3)].append(name)
    job = shard_job(plan_of(shop.data_dir, "shop").shard(0, plan), "shop", 0)
    with job.begin():
        once = replace(WAIT, wait=False)
        shop.rewriting.rewrite_shards("shop", only=(0, 1), limits=once)
        assert len(asked(shop)) == len(shards[1])
        with pytest.raises(CatalogBusy, match="Shard 0 of “shop”"):
            shop.rewriting.merge_shards("shop")
    with pytest.raises(SettingsError, match="shards 0 to 2; got 3"):
        shop.rewriting.rewrite_shards("shop", only=(3,), limits=WAIT)
    with pytest.raises(SettingsError, match="in 3 shards, not in 4"):
        shop.rewriting.rewrite_shards("shop", shards=4, limits=WAIT)
    assert shop.rewriting.rewrite_shards("shop", limits=WAIT).progress.done == ITEMS


def test_a_refused_question_ends_its_item_only(shop: Shop) -> None:
    def respond(question: dict[str, Any]) -> Answer:
        return trouble(400) if title(question) == "red chair 0" else good_answer(question)

    shop.server.respond = respond
    report = shop.rewriting.rewrite_shards("shop", shards=2, limits=WAIT)
    assert (report.progress.done, report.progress.failed) == (ITEMS - 1, 1)
    assert report.problems == {"id-000": "claude-test did not take the question."}
    assert max(asked(shop).values()) == 1


@pytest.fixture
def processes(shop: Shop) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that describe the shards; whatever is left of them is killed at the end."""
    begun: list[subprocess.Popen[bytes]] = []
    yield begun
    for process in begun:
        process.kill()
        process.wait()


def begin(shop: Shop, dollars: float) -> subprocess.Popen[bytes]:
    parts = [str(shop.data_dir), shop.server.url, str(dollars)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.core.language.killable_shards", *parts], cwd=ROOT
    )


def test_killed_between_two_answers_of_the_server_nothing_is_paid_twice(
    shop: Shop, processes: list[subprocess.Popen[bytes]]
) -> None:
    """The server has taken a batch, and the process dies before it hears of it; three times."""
    over = threading.Event()

    def kill(name: str) -> None:
        if len(shop.server.batches) in (1, 4, 6):
            os.kill(processes[-1].pid, signal.SIGKILL)
            over.set()

    shop.server.on_batch = kill
    for _ in range(3):
        over.clear()
        processes.append(begin(shop, 1.0))
        assert over.wait(120)
        assert processes[-1].wait(120) == -signal.SIGKILL
    processes += [begin(shop, 1.0), begin(shop, 1.0)]  # two at once end it
    assert [process.wait(120) for process in processes[3:]] == [0, 0]
    again = shop.again().rewriting
    assert again.rewrite_shards("shop", limits=WAIT).progress.total == 0
    assert set(asked(shop).values()) == {1}
    assert len(asked(shop)) == 4 * ITEMS
    added, spent = again.merge_shards("shop")
    assert added == 4 * ITEMS
    assert spent.dollars == pytest.approx(4 * ITEMS * ANSWER)


def test_batches_of_one_size_of_two_killed_shards_are_not_mixed_up(shop: Shop) -> None:
    server, name = shop.models.agent.messages.base_url, "claude-test"
    plan = plan_of(shop.data_dir, "shop").open(2, 1.0, None)
    client = shop.models.agent.messages.client
    ledgers = [
        ShardLedger(shop.models.ledger, plan_of(shop.data_dir, "shop").shard(n, plan))
        for n in range(2)
    ]
    params = {"model": name, "max_tokens": 9, "messages": [{"role": "user", "content": "?"}]}
    shop.server.respond = lambda question: Answer({"answer": {}})
    shop.server.batches_end = False
    for number, ledger in enumerate(ledgers):
        ledger.intend(name, server, {f"key-{number}": "judge"}, Spent(dollars=0.1))
        requests: Any = [{"custom_id": f"key-{number}", "params": params}]
        client.messages.batches.create(requests=requests)
    models = shop.models
    sharded = ShardedRewriting(
        shop.catalog, models.agent, models.ledger, models.for_indexing(), shop.data_dir
    )
    report = sharded.run(replace(WAIT, wait=False))
    assert len(shop.server.batches) == 2, "nothing is asked before it is clear whose they are"
    assert report.progress.waiting == 2
    assert plan_of(shop.data_dir, "shop").read().spent == NOTHING
    for batch in shop.server.batches.values():
        batch["ended"] = True
    sharded.run(replace(WAIT, wait=False))
    assert [ledger.keys() for ledger in ledgers] == [{"key-0"}, {"key-1"}]


@pytest.mark.parametrize("cap", [{"dollars": 0.016}, {"tokens": 12_000}])
def test_all_shards_together_keep_to_one_budget(shop: Shop, cap: dict[str, Any]) -> None:
    plan = plan_of(shop.data_dir, "shop")
    report = shop.rewriting.rewrite_shards("shop", shards=3, limits=replace(WAIT, **cap))
    assert "for all shards is used up" in report.stopped
    assert 0 < len(asked(shop)) < 4 * ITEMS
    spent = shop.rewriting.spent()
    assert spent.dollars <= cap.get("dollars", 10**9)
    assert spent.usage.tokens <= cap.get("tokens", 10**9)
    assert spent.dollars == pytest.approx(len(asked(shop)) * ANSWER)
    assert rounded(plan.read().allotted) == rounded(spent), "nothing stays reserved"
    with pytest.raises(SettingsError, match="more than this budget"):
        shop.rewriting.rewrite_shards("shop", limits=replace(WAIT, tokens=1))
    more = {name: 100 * value for name, value in cap.items()}
    shop.again().rewriting.rewrite_shards("shop", limits=replace(WAIT, **more))
    assert len(asked(shop)) == 4 * ITEMS
    assert set(asked(shop).values()) == {1}


def test_what_a_killed_process_reserved_stays_reserved(
    shop: Shop, processes: list[subprocess.Popen[bytes]]
) -> None:
    plan, over = plan_of(shop.data_dir, "shop"), threading.Event()
    shop.server.batches_end = False

    def kill(name: str) -> None:
        os.kill(processes[0].pid, signal.SIGKILL)
        over.set()

    shop.server.on_batch = kill
    processes.append(begin(shop, 0.02))
    assert over.wait(120)
    processes[0].wait(120)
    shop.server.on_batch = lambda name: None
    held = plan.read().allotted.dollars
    assert 0 < held <= 0.02
    shop.rewriting.rewrite_shards("shop", limits=replace(WAIT, wait=False, dollars=0.02))
    assert held <= plan.read().allotted.dollars <= 0.02
    reserved = len(asked(shop))
    shop.server.end_batches()
    shop.rewriting.rewrite_shards("shop", limits=WAIT)
    assert len(asked(shop)) > reserved
    assert shop.rewriting.spent().dollars <= 0.02
    assert set(asked(shop).values()) == {1}


def test_allotments_never_exceed_the_budget(tmp_path: Path) -> None:
    plan = PlanFile(tmp_path / "shop")
    plan.open(8, 1.0, None)
    refused: list[int] = []

    def take(shard: int) -> None:
        needed = NOTHING
        try:
            while True:
                needed += Spent(dollars=0.03)
                plan.grow(shard, needed)
        except BudgetReached:
            refused.append(shard)

    threads = [threading.Thread(target=take, args=(shard,)) for shard in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(refused) == list(range(8))
    assert 0.9 < plan.read().allotted.dollars <= 1.0
    costs = plan.read().costs
    richest = max(costs, key=lambda shard: costs[shard].allotted.dollars)
    with pytest.raises(BudgetReached):
        plan.grow(8, Spent(dollars=0.1))
    plan.note(richest, Spent(dollars=0.01), NOTHING)
    assert plan.grow(8, Spent(dollars=0.1)).dollars >= 0.1
    (tmp_path / "shop" / "plan.json").write_text("{half")
    with pytest.raises(SettingsError, match="damaged"):
        plan.read()
