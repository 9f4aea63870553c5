"""Words take one thread at once; pictures take turns, in order."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from core.base import threads
from core.base.threads import Turn, for_pictures, for_words, limit_threads

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _three_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Torch has three threads here, and may have them; the other tests have one."""
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    torch.set_num_threads(3)
    yield
    limit_threads(0)
    torch.set_num_threads(before)


def test_a_query_takes_one_thread_and_gives_the_others_back() -> None:
    with for_words():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


def test_a_file_of_texts_takes_all() -> None:
    torch.set_num_threads(1)
    with for_words(threads.FEW + 1):
        assert torch.get_num_threads() == threads.present() == 3


@pytest.mark.skipif(sys.platform != "linux", reason="Linux lists which processors share a core")
def test_processors_that_share_a_core_count_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, both in enumerate(("0,2", "1,3", "0,2", "1,3")):
        (tmp_path / str(number)).write_text(both)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    monkeypatch.setattr(threads, "_SHARED_CORE", str(tmp_path / "{}"))
    monkeypatch.setattr(threads, "_cores", threads._cores.__wrapped__)
    assert threads.present() == 2
    (tmp_path / "3").unlink()
    assert threads.present() == 4


def test_pictures_leave_a_core_where_pages_are_served() -> None:
    limit_threads(4, spare=1)
    with for_pictures(CPU):
        assert torch.get_num_threads() == 3
    limit_threads(1, spare=1)
    with for_pictures(CPU):
        assert torch.get_num_threads() == 1


def test_products_of_numpy_take_one_thread() -> None:
    with threadpool_limits(2, user_api="blas"):
        limit_threads(0)
        pools = threadpool_info()
    assert {pool["num_threads"] for pool in pools if pool["user_api"] == "blas"} == {1}


def test_words_do_not_wait_while_a_picture_is_looked_at() -> None:
    done = threading.Event()

    def words() -> None:
        with for_words():
            done.set()

    with for_pictures(CPU):
        threading.Thread(target=words).start()
        assert done.wait(120)


def test_turns_come_in_order() -> None:
    turn, order, waiting = Turn(), [], []

    def look(number: int) -> None:
        with turn:
            order.append(number)

    with turn:
        for number in range(5):
            waiting.append(threading.Thread(target=look, args=(number,)))
            waiting[-1].start()
            while len(turn._waiting) <= number:
                pass
    for thread in waiting:
        thread.join(120)
    assert order == [0, 1, 2, 3, 4]


class Interrupted(BaseException):
    pass


def test_who_leaves_the_line_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = Turn()
    locks = iter((_Interrupting(),))
    with turn:
        monkeypatch.setattr(threading, "Lock", lambda: next(locks))
        with pytest.raises(Interrupted):
            turn.__enter__()
        assert not turn._waiting
    with turn:
        pass
    assert not turn._held


class _Interrupting:
    """A lock whose second taking is interrupted, as Ctrl+C does it."""

    def __init__(self) -> None:
        self._taken = False

    def acquire(self) -> None:
        if self._taken:
            raise Interrupted
        self._taken = True
