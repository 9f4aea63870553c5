"""Made once, whoever asks first."""

import threading
import time

import pytest

from core.base.keyed_locks import KeyedLocks
from core.base.lazy import lazy


class Room:
    def __init__(self, fail: int = 0) -> None:
        self.made, self.fail = 0, fail

    @lazy
    def model(self) -> object:
        """The model."""
        self.made += 1
        time.sleep(0.05)
        if self.made <= self.fail:
            raise ValueError("not yet")
        return object()


def test_many_first_looks_make_one():
    room, seen = Room(), []
    threads = [threading.Thread(target=lambda: seen.append(room.model)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert room.made == 1
    assert len({id(model) for model in seen}) == 1
    assert Room().model is not room.model
    assert Room.model.__doc__ == "The model."


def test_what_failed_is_tried_again():
    room = Room(fail=1)
    with pytest.raises(ValueError, match="not yet"):
        _ = room.model
    assert room.model is room.model
    assert room.made == 2


def test_keyed_locks_are_exclusive_per_key_and_leave_nothing():
    locks, inside, most = KeyedLocks(), [], []

    def work(key):
        with locks.hold(key):
            inside.append(key)
            most.append(inside.count(key))
            time.sleep(0.001)
            inside.remove(key)

    threads = [threading.Thread(target=work, args=(str(n % 5),)) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(locks) == 0
