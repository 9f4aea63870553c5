"""Questions to a Ray whose head may be lost; Ray's side is a function here."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from core.base.ray_connection import Connection
from core.errors import ClusterLost, WorkerLost

#: Longest wait for what must come, seconds.
LONGEST = 60


def same(error: BaseException) -> BaseException:
    return error


def answered(value: int) -> Future[int]:
    answer: Future[int] = Future()
    answer.set_result(value)
    return answer


def test_answers_and_translated_errors_come_back() -> None:
    connection = Connection("ray://h", lambda error: WorkerLost())
    assert connection.asked(lambda: answered(1)).result(LONGEST) == 1
    assert connection.done(lambda: 2) == 2
    failed: Future[int] = Future()
    failed.set_exception(OSError())
    with pytest.raises(WorkerLost):
        connection.asked(lambda: failed).result(LONGEST)
    with pytest.raises(WorkerLost):
        connection.done(lambda: 1 // 0)


def test_a_lost_head_ends_every_wait() -> None:
    """Also for a question that Ray itself never comes back from."""
    connection = Connection("ray://h", lambda error: ClusterLost("ray://h"))
    nothing: Future[int] = Future()
    never = threading.Event()
    waiting = [connection.asked(lambda: nothing), connection.asked(lambda: answered(never.wait()))]
    failed: Future[int] = Future()
    failed.set_exception(ConnectionError())
    waiting.append(connection.asked(lambda: failed))
    for answer in waiting:
        with pytest.raises(ClusterLost, match=r"head of ray://h was lost.*run the same command"):
            answer.result(LONGEST)
    nothing.set_result(1)  # too late, and no error
    asked: list[int] = []
    with pytest.raises(ClusterLost):
        connection.done(lambda: asked.append(1))
    assert not asked


def test_a_head_that_gives_no_answer_is_lost() -> None:
    connection, nothing = Connection("ray://h", same), Future[int]()
    answer = connection.asked(lambda: nothing)
    connection.watch(threading.Event().wait, every=0.01, patience=0.05)
    with pytest.raises(ClusterLost):
        answer.result(LONGEST)


def test_a_head_that_can_not_be_reached_is_lost() -> None:
    connection, nothing = Connection("ray://h", same), Future[int]()
    answer = connection.asked(lambda: nothing)
    connection.watch(lambda: 1 // 0, every=0.01, patience=0.05)
    with pytest.raises(ClusterLost):
        answer.result(LONGEST)


def test_a_head_that_answers_now_and_then_is_not_lost() -> None:
    connection = Connection("ray://h", same)
    looks, enough = iter(range(6)), threading.Event()

    def look() -> None:
        if (number := next(looks, None)) is None:
            enough.set()
        elif number % 2:
            raise ConnectionError

    connection.watch(look, every=0.01, patience=LONGEST)
    assert enough.wait(LONGEST)
    connection.close()
    assert connection.done(lambda: 1) == 1
