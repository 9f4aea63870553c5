"""What looks at pictures runs in threads that the system lets wait."""

from __future__ import annotations

import contextvars
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.security.served import shop_in
from ui import queues
from ui.picture_threads import NICE, after_words
from ui.web_app import build_pages

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority there")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@on_linux
def test_a_function_stands_back_and_its_caller_does_not() -> None:
    before = niceness()
    assert after_words(niceness)() == min(19, before + NICE)
    assert niceness() == before


@on_linux
def test_threads_that_it_begins_stand_back_too() -> None:
    seen: list[int] = []

    def work() -> None:
        helper = threading.Thread(target=lambda: seen.append(niceness()))
        helper.start()
        helper.join()

    after_words(work)()
    assert seen == [after_words(niceness)()]


def test_steps_come_one_by_one_with_the_callers_context() -> None:
    name = contextvars.ContextVar("name", default="")
    steps: list[str] = []

    def work(count: int) -> Iterator[str]:
        for number in range(count):
            steps.append(f"step {number}")
            yield f"{name.get()} {number}"

    name.set("ada")
    looks = after_words(work)(3)
    assert steps == []
    assert next(looks) == "ada 0"
    assert steps == ["step 0"]
    assert list(looks) == ["ada 1", "ada 2"]


def test_what_it_raises_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        after_words(lambda: 1 / 0)()


def test_events_with_pictures_stand_back_and_words_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back: list[str] = []

    def noted(work: Callable[..., Any]) -> Callable[..., Any]:
        back.append(work.__name__)
        return work

    monkeypatch.setattr(queues, "after_words", noted)
    build_pages(shop_in(tmp_path))
    assert {"act", "change_picture"} <= set(back)
    assert not {"search", "open_page", "look"} & set(back)
