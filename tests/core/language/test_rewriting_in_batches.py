"""The agent over a whole catalogue through the Message Batches API."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from core.domain import Stage
from core.language import outbox
from core.language.limits import JobLimits
from tests.core.language.messages_server import Answer, trouble
from tests.core.language.rewriting_shop import ITEMS, KEY, Shop, good_answer, log_of, title

IDS = [f"id-{number:03}" for number in range(ITEMS)]
FAST = JobLimits(patience=0.0, concurrency=3)
BATCH = replace(FAST, batch=True, wait=True, poll=0.0)


def test_batches_do_the_rounds_for_half_the_price(shop: Shop) -> None:
    report = shop.rewriting.rewrite("shop", limits=BATCH)
    assert (report.progress.done, report.stopped, report.progress.waiting) == (ITEMS, "", 0)
    assert len(shop.server.batches) == 4
    assert [len(b["requests"]) for b in shop.server.batches.values()] == [ITEMS] * 4
    dollars = (100 * 1.0 + 10 * 5.0 + 7 * 0.1) / 1e6
    assert report.progress.spent.dollars == pytest.approx(4 * ITEMS * dollars / 2)
    assert shop.texts()["id-001"] == "Seen better green chair 1"
    params = shop.server.batches["msgbatch_0"]["requests"][0]["params"]
    assert "cache_control" not in json.dumps(params), "written for nobody, it would only cost"


def test_batches_survive_restarts(shop: Shop) -> None:
    limits = replace(BATCH, wait=False)
    shop.server.batches_end = False
    report = shop.rewriting.rewrite("shop", limits=limits)
    assert report.progress.waiting == ITEMS
    assert "Run it again" in report.stopped
    for _ in range(2):  # still under way: nothing is handed in again
        shop.again().rewriting.rewrite("shop", limits=limits)
    assert len(shop.server.batches) == 1
    shop.server.end_batches()
    for _ in range(4):
        report = shop.again().rewriting.rewrite("shop", limits=limits)
    assert report.progress.done == ITEMS
    assert len(shop.server.batches) == 4
    assert shop.models.ledger.spent().usage.calls == 4 * ITEMS


def test_live_goes_on_from_batches(shop: Shop) -> None:
    shop.rewriting.rewrite("shop", limits=replace(BATCH, wait=False))
    shop.again().rewriting.rewrite("shop", limits=replace(BATCH, wait=False))
    asked = len(shop.server.questions)
    assert asked == ITEMS  # the first round is fetched, the second is handed in
    report = shop.again().rewriting.rewrite("shop", limits=FAST)
    assert report.progress.done == ITEMS
    assert len(shop.server.questions) == 4 * ITEMS, "what was in the batch is not asked again"


def test_live_waits_for_what_is_in_a_batch_and_describes_the_rest(shop: Shop) -> None:
    shop.server.batches_end = False
    shop.rewriting.rewrite("shop", item_ids=IDS[:2], limits=replace(BATCH, wait=False))
    report = shop.again().rewriting.rewrite("shop", limits=FAST)
    assert (report.progress.done, report.progress.waiting) == (ITEMS - 2, 2)
    assert report.stopped == "2 items wait for answers of a batch. Start it again later."
    for batch in shop.server.batches.values():
        batch["ended"] = True
    report = shop.again().rewriting.rewrite("shop", limits=FAST)
    assert (report.progress.done, report.stopped) == (2, "")
    assert shop.models.ledger.spent().usage.calls == len(shop.server.questions) == 4 * ITEMS


@pytest.mark.parametrize("broken", [b'{"custom_id": "x", "resu', None])
def test_results_that_break_off_are_fetched_again(shop: Shop, broken: bytes | None) -> None:
    limits = replace(BATCH, wait=False)
    shop.rewriting.rewrite("shop", limits=limits)
    shop.server.results_raw = broken or b"", broken is None
    report = shop.again().rewriting.rewrite("shop", limits=limits)
    assert report.stopped == "The answer of claude-test broke off. Try again later."
    assert KEY not in log_of(shop.data_dir)
    shop.server.results_raw = None
    report = shop.again().rewriting.rewrite("shop", limits=BATCH)
    assert (report.progress.done, report.stopped) == (ITEMS, "")
    assert len(shop.server.questions) == 4 * ITEMS


def test_an_overloaded_server_is_waited_for_with_batches_too(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_QUESTIONS", 4)
    shop.server.batches_overloaded = 4  # the first batch is not taken, three times, the list once
    limits = replace(BATCH, patience=600.0, dollars=0.06)
    report = shop.rewriting.rewrite("shop", limits=limits)
    assert (report.progress.done, report.progress.failed, report.stopped) == (ITEMS, 0, "")
    assert len(shop.server.questions) == 4 * ITEMS
    assert len(shop.catalog.store.rewrite_runs.of("id-001")) == 1
    shop.server.batches_overloaded = 10**6
    report = shop.again().rewriting.rewrite("shop", limits=limits)
    assert report.progress.total == 0


def test_an_overload_that_stays_ends_waiting_for_a_batch(shop: Shop) -> None:
    shop.server.batches_overloaded = 10**6
    report = shop.rewriting.rewrite("shop", limits=replace(BATCH, patience=5.0))
    assert "overloaded (529)" in report.stopped
    assert shop.server.batches == {}


def test_a_large_catalogue_is_handed_in_in_several_batches(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_QUESTIONS", 4)
    report = shop.rewriting.rewrite("shop", limits=BATCH)
    assert report.progress.done == ITEMS
    assert [len(b["requests"]) for b in shop.server.batches.values()] == [4, 2] * 4


def test_waiting_for_a_batch_can_be_stopped(shop: Shop) -> None:
    shop.server.batches_end = False
    limits = replace(BATCH, poll=60.0)
    report = shop.rewriting.rewrite(
        "shop", limits=limits, should_stop=lambda: bool(shop.server.batches)
    )
    assert report.stopped.startswith("It was stopped; the batches go on.")


def test_a_batch_that_was_taken_just_before_the_end_is_found_again(shop: Shop) -> None:
    ledger = shop.models.ledger
    kept, ledger.handed_in = ledger.handed_in, lambda *given: (_ for _ in ()).throw(MemoryError())
    with pytest.raises(MemoryError):  # as good as killed
        shop.rewriting.rewrite("shop", limits=BATCH)
    assert len(shop.server.batches) == 1
    ledger.handed_in = kept
    report = shop.again().rewriting.rewrite("shop", limits=BATCH)
    assert report.progress.done == ITEMS
    assert len(shop.server.batches) == 4, "the first one was not handed in again"
    # an intention that never reached the server is dropped
    shop.models.ledger.intend("claude-test", shop.models.agent.messages.base_url, {"x": "judge"})
    shop.again().rewriting.rewrite("shop", limits=BATCH)
    assert shop.models.ledger.intended_batches("claude-test", f"{shop.server.url}/") == []


def test_it_is_found_among_many_batches_of_others_and_not_taken_for_theirs(shop: Shop) -> None:
    ledger, server = shop.models.ledger, shop.server
    kept, ledger.handed_in = ledger.handed_in, lambda *given: (_ for _ in ()).throw(MemoryError())
    with pytest.raises(MemoryError):
        shop.rewriting.rewrite("shop", limits=BATCH)
    ledger.handed_in = kept
    (own,) = server.batches.values()
    for number in range(130):  # more than a page; the last one has as many questions
        requests = [{**own["requests"][0], "custom_id": f"other-{number}-{n}"} for n in range(5)]
        if number == 129:
            requests.append({**requests[0], "custom_id": "other-129-5"})
        server.batches[f"others_{number}"] = {**own, "requests": requests}
    report = shop.again().rewriting.rewrite("shop", limits=BATCH)
    assert report.progress.done == ITEMS
    assert len([name for name in server.batches if name.startswith("msgbatch")]) == 4
    keys = shop.models.ledger.keys()
    assert not any(key.startswith("other") for key in keys)


def test_errors_and_expiries_inside_a_batch(shop: Shop) -> None:
    expired: list[str] = []

    def respond(question: dict[str, Any]) -> Answer:
        if title(question) == "red chair 0":
            return trouble(400)
        if title(question) == "green chair 1" and not expired:
            expired.append("once")
            return trouble(410)
        return good_answer(question)

    shop.server.respond = respond
    report = shop.rewriting.rewrite("shop", limits=BATCH)
    assert report.progress.done == ITEMS - 1
    assert report.problems == {"id-000": "claude-test did not take the question."}
    assert shop.texts()["id-000"] == "a chair called red chair 0"


def test_a_batch_keeps_to_the_budget(shop: Shop) -> None:
    # four questions could cost 3 cents; what they really cost leaves room for the next ones
    report = shop.rewriting.rewrite("shop", limits=replace(BATCH, dollars=0.03))
    assert max(len(batch["requests"]) for batch in shop.server.batches.values()) == 4
    assert report.progress.done == ITEMS
    assert report.progress.spent.dollars <= 0.03


def test_a_budget_for_not_even_one_question_hands_in_nothing(shop: Shop) -> None:
    report = shop.rewriting.rewrite("shop", limits=replace(BATCH, dollars=0.001))
    assert report.stopped == "The budget of $0.001 is used up."
    assert shop.server.batches == {}


def test_a_server_without_batches_is_a_sentence(shop: Shop) -> None:
    shop.server.close()
    report = shop.rewriting.rewrite("shop", limits=BATCH)
    assert "can't be reached" in report.stopped
    assert shop.catalog.store.corrections.standing().of(Stage.REWRITE, "id-000", "") is None
    assert shop.models.ledger.intended_batches() == [], "no connection was made, so none was taken"
