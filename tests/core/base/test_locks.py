"""One holder at a time; looking never refuses a starter, and lookers don't see each other."""

import os
import subprocess
import sys
import threading
import time

import pytest

from core.base.locks import AT_ONCE, START, WRITE, LockBusy, file_lock, is_locked
from core.errors import CatalogBusy

_HOLD = """
import sys, time
from pathlib import Path
from core.base.locks import START, file_lock
with file_lock(Path(sys.argv[1]), START):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_holder_is_refused_with_the_sentence(tmp_path):
    path = tmp_path / "new" / ".lock"
    with file_lock(path, START):
        assert is_locked(path)
        start = time.monotonic()
        with (
            pytest.raises(CatalogBusy, match="Wait for it"),
            file_lock(path, 0.05, "Wait for it.", CatalogBusy),
        ):
            pass
        assert time.monotonic() - start < WRITE  # not as long as a writer waits
    assert not is_locked(path)


def test_a_killed_holder_gives_it_up(tmp_path):
    path = tmp_path / ".lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, path], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        assert is_locked(path)
    finally:
        holder.kill()
        holder.wait()
    assert not is_locked(path)
    with file_lock(path, AT_ONCE):
        pass


def test_looking_never_refuses_a_starter_nor_another_looker(tmp_path):
    path = tmp_path / ".lock"
    with file_lock(path, START):
        pass
    done, seen = threading.Event(), []

    def look():
        while not done.is_set():
            seen.append(is_locked(path))

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for thread in lookers:
        thread.start()
    time.sleep(0.2)
    assert not any(seen)
    for _ in range(200):
        with file_lock(path, START):
            pass
    done.set()
    for thread in lookers:
        thread.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="locks by flock")
def test_looking_at_nothing_makes_nothing(tmp_path):
    assert not is_locked(tmp_path / "none" / ".lock")
    assert not list(tmp_path.iterdir())


def test_a_busy_lock_is_a_sentence_that_names_no_file(tmp_path):
    path = tmp_path / ".secret-name.lock"
    with (
        file_lock(path, AT_ONCE),
        pytest.raises(LockBusy, match="Try again in a moment") as refused,
        file_lock(path, AT_ONCE),
    ):
        pass
    assert "secret" not in str(refused.value)
