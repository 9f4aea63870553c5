"""Hostile and broken, at the size of a catalogue; which case is tested where:

instructions in fields, HTML, 50 KB, 30 languages   test_catalog_rewriting, test_claude, test_rules
no photo                                            here, test_claude
refusal, cut off, invalid JSON, reset, 401, 529     here, test_server_trouble,
                                                    test_catalog_rewriting
timeout                                             here, test_server_trouble
529 for ten minutes, also 408, 409, 500, timeouts   here, by a clock of the test's own
killed, restarted, stopped, out of budget           test_catalog_rewriting
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.domain import RewriteProgress, Stage
from core.errors import StudioError
from core.language.claude import ClaudeRewriter
from core.language.limits import JobLimits
from core.language.messages import Messages
from core.language.prompts import load_prompts
from core.language.request_pace import Pace
from core.settings import SHIPPED
from tests.core.language.messages_server import Answer, trouble
from tests.core.language.rewriting_shop import ITEMS, KEY, PRICES, Shop, good_answer, log_of, words

FAST = JobLimits(patience=0.0, concurrency=3)


@pytest.mark.parametrize(
    "broken",
    [
        Answer(text="", stop_reason="refusal"),
        Answer(text='{"description": "Gree', stop_reason="max_tokens"),
        Answer(text="Sure! A green chair."),
        Answer(raw=b"<html>gateway</html>"),
        Answer(reset=True),
        Answer(delay=2.0),
        trouble(401),
        trouble(529),
    ],
)
def test_whatever_breaks_the_last_good_text_stays_and_the_reason_is_told(
    shop: Shop, broken: Answer
) -> None:
    shop.rewriting.rewrite("shop", item_ids=["id-001"], limits=FAST)
    clocked(shop, [0.0], timeout=1.0)
    good = shop.texts()["id-001"]
    spent = shop.rewriting.spent().usage.calls
    shop.server.respond = lambda question: broken
    with pytest.raises(StudioError) as caught:
        shop.item_texts.another_round("id-001", "name the legs", "ada", "shop")
    assert str(caught.value).endswith(".")
    assert shop.texts()["id-001"] == good
    assert shop.item_texts.view("id-001", "shop").standing.text == good
    assert not shop.catalog.store.corrections.standing().of(
        Stage.REWRITE, "id-001", shop.catalog.store.items.get(["id-001"])["id-001"].photo.sha256
    )
    answered = shop.rewriting.spent().usage.calls
    assert answered - spent <= 2
    shop.server.respond = good_answer
    asked, again = len(shop.server.questions), shop.again()
    again.item_texts.another_round("id-001", "name the legs", "ada", "shop")
    assert len(shop.server.questions) > asked, "the same wish is asked anew"
    assert KEY not in str(caught.value) + log_of(shop.data_dir)


def test_a_missing_photo_is_said_and_the_fields_are_described(shop: Shop) -> None:
    item = shop.catalog.store.items.get(["id-001"])["id-001"]
    for path in shop.catalog.images.root.rglob(f"{item.photo.sha256}*"):
        path.unlink()
    report = shop.rewriting.rewrite("shop", item_ids=["id-001"], limits=FAST)
    assert report.progress.done == 1
    assert "Not all is embedded: The item “id-001”" in report.stopped
    assert "no photo" in words(shop.server.questions[0]).lower()


def clocked(shop: Shop, now: list[float], timeout: float = 20.0) -> Shop:
    """Make the shop with an agent by a clock of the test's own, which sleeping sets forward."""

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(2.0, clock=lambda: now[0], sleep=sleep)
    messages = Messages(
        KEY, "claude-test", base_url=shop.server.url, timeout=timeout, max_retries=0,
        log=shop.models.ledger, prices=PRICES, pace=pace,
    )  # fmt: skip
    shop.models.agent = ClaudeRewriter(messages, load_prompts(SHIPPED / "prompts"), 3)
    return shop


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (trouble(529), "overloaded (529)"),
        (trouble(500), "has trouble (500)"),
        (trouble(408), "has trouble (408)"),
        (trouble(409), "has trouble (409)"),
        (Answer(delay=0.5), "did not answer in time"),
    ],
)
def test_ten_minutes_of_trouble_are_waited_for_and_then_given_up(
    shop: Shop, broken: Answer, words: str
) -> None:
    now, before, started = [0.0], shop.texts(), time.monotonic()
    clocked(shop, now, timeout=0.2 if broken.delay else 20.0)
    shop.server.respond = lambda question: broken
    limits = JobLimits(patience=600.0, concurrency=1)
    report = shop.rewriting.rewrite("shop", limits=limits)
    assert now[0] >= 600
    assert time.monotonic() - started < 60
    assert words in report.stopped
    assert len(shop.server.questions) < 20, "it waits longer and longer"
    assert shop.texts() == before
    assert shop.rewriting.spent().usage.calls == 0


def test_patience_is_each_jobs_own_and_a_recovered_server_goes_on(shop: Shop) -> None:
    now = [0.0]
    clocked(shop, now)
    shop.server.respond = lambda question: trouble(529)
    limits = JobLimits(patience=600.0, concurrency=1)
    assert shop.rewriting.rewrite("shop", limits=limits).stopped
    begun, now[0] = now[0] + 1000, now[0] + 1000

    def recovers(question: dict[str, Any]) -> Answer:
        return good_answer(question) if now[0] > begun + 300 else trouble(529)

    shop.server.respond = recovers
    report = shop.rewriting.rewrite("shop", limits=limits)
    assert (report.progress.done, report.stopped) == (ITEMS, "")


def test_a_person_is_not_kept_waiting_through_a_long_pause(shop: Shop) -> None:
    now = [0.0]
    clocked(shop, now)
    shop.server.respond = lambda question: trouble(429, retry_after="120")
    for said in ("rate-limited (429)", "wants no questions for another 120 seconds"):
        with pytest.raises(StudioError) as caught:
            shop.item_texts.another_round("id-001", "legs", "ada", "shop")
        assert said in str(caught.value)
    assert (now[0], len(shop.server.questions)) == (0.0, 1)


def test_a_job_that_is_broken_off_does_not_wait_for_the_server(shop: Shop) -> None:
    def respond(question: dict[str, Any]) -> Answer:
        return good_answer(question) if "red chair 0" in words(question) else trouble(529)

    def interrupt(progress: RewriteProgress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    shop.server.respond = respond
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        shop.rewriting.rewrite(
            "shop", limits=JobLimits(patience=600.0, concurrency=2), on_progress=interrupt
        )
    assert time.monotonic() - started < 60
    assert shop.catalog.store.rewrite_runs.of("id-000")[0].rewrite is not None


def test_a_job_that_waits_for_an_overloaded_server_can_be_stopped(shop: Shop) -> None:
    now = [0.0]
    clocked(shop, now)
    shop.server.respond = lambda question: trouble(529)
    limits = JobLimits(patience=600.0, concurrency=1)
    report = shop.rewriting.rewrite("shop", limits=limits, should_stop=lambda: now[0] > 20)
    assert report.stopped == "It was stopped."
    assert now[0] < 30
