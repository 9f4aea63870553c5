from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from core.runtime import choice


class Clock:
    """A clock that stands still but while a way runs."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


def fastest(file: Path, model: str, ways: Mapping[str, Way]) -> str:
    return choice.fastest(file, model, ways, clock=CLOCK)


class Way:
    """A way that takes a known time and counts its runs."""

    def __init__(self, seconds: float, vector: tuple[float, float] = (1.0, 0.0)) -> None:
        self.seconds, self.vectors, self.runs = seconds, np.array([vector], np.float32), 0

    def __call__(self) -> np.ndarray:
        self.runs += 1
        CLOCK.now += self.seconds
        return self.vectors


def test_the_fastest_is_kept_and_not_measured_again(tmp_path: Path) -> None:
    slow, quick = Way(0.02), Way(0.001)
    ways = {"slow": slow, "quick": quick}
    assert fastest(tmp_path / "fastest.json", "tower", ways) == "quick"
    runs = quick.runs
    assert fastest(tmp_path / "fastest.json", "tower", ways) == "quick"
    assert quick.runs == runs
    assert fastest(tmp_path / "fastest.json", "tower, graph 2", ways) == "quick"
    assert quick.runs > runs
    kept = json.loads((tmp_path / "fastest.json").read_text())
    assert len(kept["models"]) == 2
    assert kept["machine"]["flags"]


def test_what_disagrees_or_gains_nothing_is_not_chosen(tmp_path: Path) -> None:
    wrong = {"trusted": Way(0.02), "wrong": Way(0.001, (0.9, 0.4))}
    assert fastest(tmp_path / "a.json", "tower", wrong) == "trusted"
    alike = {"trusted": Way(0.01), "alike": Way(0.01)}
    assert fastest(tmp_path / "b.json", "tower", alike) == "trusted"


def test_another_machine_or_a_damaged_file_measures_anew(tmp_path: Path, monkeypatch) -> None:
    file = tmp_path / "fastest.json"
    ways = {"slow": Way(0.01), "quick": Way(0.001)}
    fastest(file, "tower", ways)
    monkeypatch.setattr(choice, "machine", lambda: {"flags": "other"})
    runs = ways["quick"].runs
    fastest(file, "tower", ways)
    assert ways["quick"].runs > runs
    for damage in ("", "[]", '{"models": 3}', json.dumps({"machine": {}, "models": {}})):
        file.write_text(damage)
        assert fastest(file, "tower", ways) == "quick"


def test_time_that_a_thread_waits_need_not_count(tmp_path: Path) -> None:
    def way(working: float, waiting: float) -> np.ndarray:
        time.sleep(waiting)
        until = time.thread_time() + working
        while time.thread_time() < until:
            pass
        return np.array([[1.0, 0.0]], np.float32)

    ways = {"trusted": lambda: way(0.02, 0), "interrupted": lambda: way(0.002, 0.05)}
    file = tmp_path / "fastest.json"
    chosen = choice.fastest(file, "tower", ways, clock=time.thread_time)
    assert chosen == "interrupted"
