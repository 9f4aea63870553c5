"""``experiments simulate`` and ``plan`` as they are typed: create, simulate, analyse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import whole
from tests.command import Ended, command
from tests.core.app.judged import graded


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "data"
    graded(folder)
    return folder


def experiments(data: Path, *words: str) -> Ended:
    ended = command("experiments", *words, "--data-dir", data)
    assert "Traceback" not in ended.stderr
    return ended


@pytest.mark.parametrize("kind", ["ab", "interleaving"])
def test_from_creation_to_the_verdict_with_simulated_visitors(data: Path, kind: str) -> None:
    pair = [word for engine in whole.ENGINES for word in ("--variant", f"{engine}={engine}")]
    made = experiments(
        data, "create", kind, *pair, "--kind", kind, "--catalog", whole.NAME, "--json"
    )
    assert made.returncode == 0, made.stderr
    simulated = experiments(data, "simulate", kind, "--visitors", "300", "--json")
    assert simulated.returncode == 0, simulated.stderr
    assert json.loads(simulated.stdout)["events"] > 500
    read = experiments(data, "analyze", kind)
    assert read.returncode == 0, read.stderr
    assert read.stdout.startswith("Its visitors were simulated")
    assert ("Preference by clicks" if kind == "interleaving" else "Click-through") in read.stdout
    again = experiments(data, "simulate", kind)
    assert again.returncode == 2
    assert "has a simulated week already" in again.stderr
    start = experiments(data, "start", kind)
    assert start.returncode == 2
    assert "real ones never mix" in start.stderr


def test_a_plan_says_days_and_visitors(data: Path) -> None:
    words = ("plan", "0.1", "500", "--catalog", whole.NAME, "--pilot-visitors", "1000")
    said = experiments(data, *words)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("To see +10\u00a0% CTR at your traffic: ")
    values = json.loads(experiments(data, *words, "--json").stdout)
    assert values["visitors"] > 100
    assert values["days"] == pytest.approx(values["visitors"] / 500)
    wrong = experiments(data, "plan", "0.1", "500", "--metric", "joy")
    assert wrong.returncode == 2
    assert "Plans are made for ctr" in wrong.stderr
