"""A job over a catalogue as a page starts, watches and stops it."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from core.app.agent_jobs import item_ids
from core.domain import JobState
from core.errors import CatalogBusy, QueryError
from core.jobs import INTERRUPTED
from core.language.orders import AgentOrder, rewriting_job
from tests.core.language.messages_server import Answer
from tests.core.language.rewriting_shop import ITEMS, KEY, Shop, good_answer, log_of


def test_an_order_is_carried_out_within_its_budget(shop: Shop) -> None:
    jobs = shop.agent
    assert jobs.state("shop").left == ITEMS
    job = jobs.begin("shop", "ada", AgentOrder(item_ids=("id-001", "id-002"), tokens=100_000))
    first = jobs.state("shop")
    assert first.running
    assert (first.job.progress.done, first.job.progress.total) == (0, 2)
    assert first.job.progress.seconds_left > 0
    job.run()
    state = jobs.state("shop")
    assert not state.running
    assert (state.details.progress.done, state.left) == (2, ITEMS - 2)
    assert state.job.author == "ada"
    assert state.spent.usage.calls == 8
    assert KEY not in log_of(shop.data_dir)


def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    shop: Shop,
) -> None:
    jobs = shop.agent
    with pytest.raises(QueryError, match="budget"):
        jobs.begin("shop", "ada", AgentOrder())
    with pytest.raises(QueryError, match="no item “nobody”"):
        jobs.begin("shop", "ada", AgentOrder(item_ids=("nobody",), dollars=1))
    assert jobs.state("shop").job is None
    assert shop.server.questions == []
    assert item_ids("a, b\nc a") == ("a", "b", "c")
    with pytest.raises(QueryError, match="10,000"):
        item_ids(" ".join(map(str, range(10_001))))


def test_one_job_at_a_time_which_can_be_stopped(shop: Shop) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(question: dict) -> Answer:
        asked.set()
        assert go_on.wait(120)
        return good_answer(question)

    shop.server.respond = slow
    jobs = shop.agent
    thread = threading.Thread(target=jobs.begin("shop", "ada", AgentOrder(tokens=1_000_000)).run)
    thread.start()
    assert asked.wait(120)
    with pytest.raises(CatalogBusy, match="at work"):
        jobs.begin("shop", "bob", AgentOrder(tokens=1))
    jobs.job("shop").stop()
    go_on.set()
    thread.join(120)
    state = jobs.state("shop")
    assert state.job.state is JobState.STOPPED
    assert state.details.report.stopped
    assert state.details.progress.done < ITEMS


def test_a_second_job_is_refused_before_it_begins(shop: Shop) -> None:
    job = rewriting_job(shop.catalog.store.root)
    with job.begin(), pytest.raises(CatalogBusy, match="being rewritten already"):
        shop.again().agent.begin("shop", "ada", AgentOrder(dollars=1))
    assert shop.server.questions == []


def test_why_a_job_failed_is_kept(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    job = shop.agent.begin("shop", "ada", AgentOrder(dollars=1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(shop.models.ledger), "add", full)
    with pytest.raises(OSError, match="No space"):
        job.run()
    state = shop.again().agent.state("shop")
    assert state.job.state is JobState.FAILED
    assert "No space left" in state.job.message
    shop.agent.job("shop").dismiss()
    assert shop.agent.state("shop").job is None


def test_looking_never_refuses_a_start(shop: Shop) -> None:
    job, over = rewriting_job(shop.catalog.store.root), threading.Event()

    def look() -> None:
        while not over.is_set():
            shop.agent.state("shop")

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    for _ in range(50):
        with job.begin():
            pass
    over.set()
    for looker in lookers:
        looker.join()


def test_a_batch_is_seen_and_fetched_after_a_restart(shop: Shop) -> None:
    shop.server.batches_end = False
    order = AgentOrder(tokens=1_000_000, batch=True)
    jobs = shop.agent
    work = jobs.begin("shop", "ada", order)
    thread = threading.Thread(target=work.run)
    thread.start()
    other = shop.again().agent  # another server meanwhile
    while not shop.server.batches or not other.state("shop").batches:
        time.sleep(0.01)
    assert other.state("shop").running
    assert other.job("shop").stop()
    thread.join(120)
    assert "the batches go on" in jobs.state("shop").details.report.stopped
    again = shop.again().agent
    state = again.state("shop")
    assert (state.batches, state.questions, state.running) == (1, ITEMS, False)
    assert state.details.progress.waiting == ITEMS
    assert state.since is not None
    assert (state.job.author, state.details.order) == ("ada", order)
    assert "the batches go on" in state.details.report.stopped
    shop.server.batches_end = True
    for batch in shop.server.batches.values():
        batch["ended"] = True
    again.begin("shop", "bob", AgentOrder(tokens=1_000_000)).run()
    state = again.state("shop")
    assert (state.details.progress.done, state.left, state.batches) == (ITEMS, 0, 0)
    assert len(shop.server.questions) == 4 * ITEMS


def test_a_job_that_the_app_did_not_survive_is_told(shop: Shop) -> None:
    job = shop.agent.begin("shop", "ada", AgentOrder(tokens=1))
    job.reporter._held.close()  # what the end of the process does
    state = shop.again().agent.state("shop")
    assert (state.job.state, state.job.message) == (JobState.INTERRUPTED, INTERRUPTED)
    assert state.job.author == "ada"
    (shop.catalog.store.root / "agent-job.json").write_text("{half")
    assert shop.again().agent.state("shop").job is None


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, JobState.INTERRUPTED),
        ({"problem": "The key was refused."}, JobState.FAILED),
        ({"report": {"progress": {"total": 6, "done": 6}, "problems": {}}}, JobState.DONE),
    ],
)
def test_a_snapshot_of_an_earlier_version_is_read(
    shop: Shop, changes: dict[str, Any], state: JobState
) -> None:
    old = {
        "catalog": "shop", "author": "ada",
        "order": {
            "item_ids": ["id-001"], "limit": None, "dollars": 2.0, "tokens": None,
            "retry": False, "batch": True,
        },
        "progress": {
            "total": 6, "done": 2, "failed": 1, "waiting": 0, "to_go": 0.1, "message": "",
            "spent": {"usage": {"calls": 4, "input_tokens": 9}, "dollars": 0.2},
        },
        "report": None, "problem": "", "cut_off": False, **changes,
    }  # fmt: skip
    (shop.catalog.store.root / "agent-job.json").write_text(json.dumps(old))
    seen = shop.agent.state("shop")
    assert (seen.job.state, seen.job.author) == (state, "ada")
    assert seen.details.order == AgentOrder(("id-001",), dollars=2.0, batch=True)
    assert (seen.details.progress.done, seen.details.progress.spent.dollars) == (2, 0.2)
