"""One version of a large table in memory: when it is frozen, and that it is the latest one."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from core.domain.search_index import Breadth
from core.store import frozen_rows as module
from core.store.frozen_rows import Freezer, FrozenRows


class Frozen:
    """Freezes the version that it is told, and counts."""

    def __init__(self) -> None:
        self.version, self.times = 1, 0

    def __call__(self):
        self.times += 1
        return SimpleNamespace(version=self.version)


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: now.now)
    return now


def wait() -> None:
    for thread in threading.enumerate():
        if thread.name == "freezer":
            thread.join(120)


def test_a_version_is_frozen_once_it_has_been_the_latest_for_a_while(clock):
    freeze = Frozen()
    freezer = Freezer(freeze)
    assert freezer.at(1) is None
    clock.now += module.SETTLED - 0.1
    assert freezer.at(1) is None
    wait()
    assert freeze.times == 0
    clock.now += 0.1
    assert freezer.at(1) is None  # begins in the background
    wait()
    assert freezer.at(1).version == 1
    assert freezer.at(1) is freezer.at(1)
    assert freeze.times == 1


def test_a_new_version_is_waited_for_anew_and_the_old_one_never_answers(clock):
    freeze = Frozen()
    freezer = Freezer(freeze)
    assert freezer.now().version == 1
    assert freezer.at(1).version == 1
    freeze.version = 2
    assert freezer.at(2) is None
    assert freezer._frozen is None
    clock.now += module.SETTLED
    assert freezer.at(2) is None
    wait()
    assert freezer.at(2).version == 2
    assert freezer.at(3) is None
    clock.now += module.SETTLED - 0.1
    assert freezer.at(4) is None  # the wait begins anew
    clock.now += 0.1
    assert freezer.at(4) is None
    wait()
    assert freeze.times == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_thread_freezes_at_a_time_and_a_fault_does_not_end_that(clock):
    go, entered = threading.Event(), threading.Event()
    calls = []

    def slow():
        calls.append(threading.current_thread())
        entered.set()
        assert go.wait(120)
        if len(calls) == 1:
            raise SystemExit
        return SimpleNamespace(version=1)

    freezer = Freezer(slow)
    freezer.at(1)
    clock.now += module.SETTLED
    assert freezer.at(1) is None
    assert entered.wait(120)
    assert freezer.at(1) is None
    assert len(calls) == 1
    assert calls[0].daemon
    go.set()
    wait()
    assert freezer.at(1) is None  # tried again
    wait()
    assert freezer.at(1).version == 1
    assert len(calls) == 2


def test_rows_of_the_index_become_items_with_their_cosines(monkeypatch):
    frozen = FrozenRows(
        1,
        None,
        np.array([3, 5, 9], np.uint64),
        pa.array(["a", "b", "c"]),
        pa.array(["x", "y", "z"]),
    )
    asked = []

    def search(self, query, count, breadth):
        asked.append((query, count, breadth))
        return np.array([9, 3], np.uint64), np.array([0.25, 0.5], np.float32)

    monkeypatch.setattr(FrozenRows, "search", search)
    breadth = Breadth(7)
    assert frozen.nearest("query", 2, breadth) == [("c", "z", 0.75), ("a", "x", 0.5)]
    assert asked == [("query", 2, breadth)]
