"""A job over a catalogue as a page starts, watches and stops it."""

from __future__ import annotations

import threading
import time

import pytest
from filelock import FileLock

from core.app.agent_jobs import item_ids
from core.errors import CatalogBusy, QueryError
from core.language.orders import AgentOrder, JobFile
from tests.core.language.messages_server import Answer
from tests.core.language.shop import ITEMS, KEY, Shop, good_answer, log_of


def test_an_order_is_carried_out_within_its_budget(shop: Shop) -> None:
    desk = shop.verbs.desk
    assert desk.state("shop").left == ITEMS
    work = desk.order("shop", "ada", AgentOrder(item_ids=("id-001", "id-002"), tokens=100_000))
    assert desk.state("shop").job.running
    work()
    state = desk.state("shop")
    assert not state.job.running
    assert (state.job.progress.done, state.left) == (2, ITEMS - 2)
    assert state.job.author == "ada"
    assert state.spent.usage.calls == 8
    assert KEY not in log_of(shop.data_dir)


def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    shop: Shop,
) -> None:
    desk = shop.verbs.desk
    with pytest.raises(QueryError, match="budget"):
        desk.order("shop", "ada", AgentOrder())
    with pytest.raises(QueryError, match="no item “nobody”"):
        desk.order("shop", "ada", AgentOrder(item_ids=("nobody",), dollars=1))
    assert desk.state("shop").job is None
    assert shop.server.questions == []
    assert item_ids("a, b\nc a") == ("a", "b", "c")
    with pytest.raises(QueryError, match="10,000"):
        item_ids(" ".join(map(str, range(10_001))))


def test_one_job_at_a_time_which_can_be_stopped(shop: Shop) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(question: dict) -> Answer:
        asked.set()
        assert go_on.wait(20)
        return good_answer(question)

    shop.server.respond = slow
    desk = shop.verbs.desk
    thread = threading.Thread(target=desk.order("shop", "ada", AgentOrder(tokens=1_000_000)))
    thread.start()
    assert asked.wait(20)
    with pytest.raises(CatalogBusy, match="at work"):
        desk.order("shop", "bob", AgentOrder(tokens=1))
    desk.stop("shop")
    go_on.set()
    thread.join(30)
    job = desk.state("shop").job
    assert not job.running
    assert job.report.stopped
    assert job.progress.done < ITEMS


def test_why_a_job_could_not_go_on_is_kept(shop: Shop) -> None:
    work = shop.verbs.desk.order("shop", "ada", AgentOrder(dollars=1))
    with FileLock(shop.catalog.store.root / ".rewriting"):
        work()
    assert "being rewritten already" in shop.verbs.desk.state("shop").job.problem
    assert shop.server.questions == []


def test_a_batch_is_seen_and_fetched_after_a_restart(shop: Shop) -> None:
    shop.server.batches_end = False
    order = AgentOrder(tokens=1_000_000, batch=True)
    desk = shop.verbs.desk
    work = desk.order("shop", "ada", order)
    thread = threading.Thread(target=work)
    thread.start()
    while not shop.server.batches or not desk.state("shop").batches:
        time.sleep(0.01)
    assert desk.state("shop").job.progress.waiting == ITEMS
    other = shop.again().verbs.desk.state("shop")  # another server meanwhile
    assert other.elsewhere
    assert other.job.running
    desk.stop("shop")
    thread.join(30)
    assert "the batches go on" in desk.state("shop").job.report.stopped
    again = shop.again().verbs.desk
    state = again.state("shop")
    assert (state.batches, state.questions, state.elsewhere) == (1, ITEMS, False)
    assert state.since is not None
    assert (state.job.author, state.job.order) == ("ada", order)
    assert "the batches go on" in state.job.report.stopped
    shop.server.batches_end = True
    for batch in shop.server.batches.values():
        batch["ended"] = True
    again.order("shop", "bob", AgentOrder(tokens=1_000_000))()
    state = again.state("shop")
    assert (state.job.progress.done, state.left, state.batches) == (ITEMS, 0, 0)
    assert len(shop.server.questions) == 4 * ITEMS


def test_a_job_that_the_app_did_not_survive_is_told(shop: Shop) -> None:
    shop.verbs.desk.order("shop", "ada", AgentOrder(tokens=1))  # and the process is killed
    state = shop.again().verbs.desk.state("shop")
    assert state.job.cut_off
    assert not state.job.running
    file = JobFile(shop.catalog.store.root)
    assert file.read().author == "ada"
    (shop.catalog.store.root / "agent-job.json").write_text("{half")
    assert shop.again().verbs.desk.state("shop").job is None
