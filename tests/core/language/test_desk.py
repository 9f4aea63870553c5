"""A job over a catalogue as a page starts, watches and stops it."""

from __future__ import annotations

import threading

import pytest
from filelock import FileLock

from core.errors import CatalogBusy, QueryError
from core.language.desk import AgentOrder, item_ids
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
