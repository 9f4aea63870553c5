"""Hostile and broken, at the size of a catalogue; which case is tested where:

instructions in fields, HTML, 50 KB, 30 languages   test_catalogue.py, test_claude.py, test_rules.py
no photo                                            here, test_claude.py
refusal, cut off, invalid JSON, reset, 401, 529     here, test_claude.py, test_catalogue.py
timeout                                             test_claude.py
529 for ten minutes                                 here, by a clock of the test's own
killed, restarted, stopped, out of budget           test_catalogue.py
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from core.domain import Stage
from core.errors import StudioError
from core.language.claude import ClaudeRewriter
from core.language.limits import JobLimits
from core.language.messages import Messages
from core.language.pace import Pace
from core.language.prompts import load_prompts
from core.settings import SHIPPED
from tests.core.language.messages_server import Answer, trouble
from tests.core.language.shop import ITEMS, KEY, PRICES, Shop, good_answer, log_of, words

FAST = JobLimits(patience=0.0, concurrency=3)


@pytest.mark.parametrize(
    "broken",
    [
        Answer(text="", stop_reason="refusal"),
        Answer(text='{"description": "Gree', stop_reason="max_tokens"),
        Answer(text="Sure! A green chair."),
        Answer(raw=b"<html>gateway</html>"),
        Answer(reset=True),
        trouble(401),
        trouble(529),
    ],
)
def test_whatever_breaks_the_last_good_text_stays_and_the_reason_is_told(
    shop: Shop, broken: Answer
) -> None:
    shop.verbs.rewrite("shop", item_ids=["id-001"], limits=FAST)
    good = shop.texts()["id-001"]
    spent = shop.verbs.spent().usage.calls
    shop.server.respond = lambda question: broken
    with pytest.raises(StudioError) as told:
        shop.verbs.another_round("id-001", "name the legs", "ada", "shop")
    assert str(told.value).endswith(".")
    assert shop.texts()["id-001"] == good
    assert shop.verbs.view("id-001", "shop").standing.text == good
    assert not shop.catalog.store.corrections.standing().of(
        Stage.REWRITE, "id-001", shop.catalog.store.items.get(["id-001"])["id-001"].photo.sha256
    )
    answered = shop.verbs.spent().usage.calls
    assert answered - spent <= 2
    shop.server.respond = good_answer
    again = shop.again()
    again.verbs.another_round("id-001", "name the seat", "ada", "shop")
    assert KEY not in str(told.value) + log_of(shop.data_dir)


def test_a_missing_photo_is_said_and_the_fields_are_described(shop: Shop) -> None:
    item = shop.catalog.store.items.get(["id-001"])["id-001"]
    for path in shop.catalog.images.root.rglob(f"{item.photo.sha256}*"):
        path.unlink()
    report = shop.verbs.rewrite("shop", item_ids=["id-001"], limits=FAST)
    assert report.progress.done == 1
    assert "Not all is embedded: The item “id-001”" in report.stopped
    assert "no photo" in words(shop.server.questions[0]).lower()


def test_an_overload_of_ten_minutes_is_waited_for_and_then_given_up(shop: Shop) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    def room(shop: Shop) -> Shop:
        pace = Pace(2.0, clock=lambda: now[0], sleep=sleep)
        messages = Messages(
            KEY, "claude-test", base_url=shop.server.url, timeout=20, max_retries=0,
            log=shop.room.ledger, prices=PRICES, pace=pace,
        )  # fmt: skip
        shop.room.agent = ClaudeRewriter(messages, load_prompts(SHIPPED / "prompts"), 3)
        return shop

    before, started = shop.texts(), time.monotonic()
    shop.server.respond = lambda question: trouble(529)
    limits = JobLimits(patience=600.0, concurrency=1)
    report = room(shop).verbs.rewrite("shop", limits=limits)
    assert now[0] >= 600
    assert time.monotonic() - started < 30
    assert "overloaded (529)" in report.stopped
    assert shop.texts() == before
    assert shop.verbs.spent().usage.calls == 0

    def recovers(question: dict[str, Any]) -> Answer:
        return good_answer(question) if now[0] > 900 else trouble(529)

    shop.server.respond = recovers
    report = room(shop.again()).verbs.rewrite("shop", limits=limits)
    assert (report.progress.done, report.stopped) == (ITEMS, "")
