from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.app.readiness import RETRY_AFTER, Models, Readiness
from core.errors import WeightsUnavailable


class Loader:
    """Loads nothing; fails as often as it is asked to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.calls = failures, 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise WeightsUnavailable("No network.")


def at_once(work: Callable[[], object]) -> None:
    work()


def test_it_is_ready_once_the_models_are_loaded(tmp_path: Path) -> None:
    readiness = Readiness(Loader(), tmp_path, at_once)
    assert readiness.problem() == "The models are being loaded."
    readiness.warm_up()
    assert (readiness.problem(), readiness.models) == ("", Models.LOADED)


def test_it_is_not_ready_while_they_load(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(120)

    readiness = Readiness(slow, tmp_path, at_once)
    thread = threading.Thread(target=readiness.warm_up)
    thread.start()
    begun.wait(120)
    assert readiness.models is Models.LOADING
    assert readiness.problem()
    go_on.set()
    thread.join(120)
    assert readiness.problem() == ""


def test_without_a_data_directory_it_is_not_ready(tmp_path: Path) -> None:
    readiness = Readiness(Loader(), tmp_path / "unmounted", at_once)
    readiness.warm_up()
    assert readiness.problem() == "The data directory can't be read."


def test_after_a_failure_it_tries_again_once_a_minute_and_recovers(tmp_path: Path) -> None:
    seconds = 1000.0
    loader = Loader(failures=1)
    readiness = Readiness(loader, tmp_path, at_once, clock=lambda: seconds)
    with pytest.raises(WeightsUnavailable):
        readiness.warm_up()
    for _ in range(3):
        assert "could not be loaded" in readiness.problem()
    assert loader.calls == 1
    seconds += RETRY_AFTER
    readiness.problem()
    assert loader.calls == 2
    assert readiness.problem() == ""
