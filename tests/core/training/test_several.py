"""What only real processes show: two that train together, and one that is killed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.embedding.open_clip_encoder import OpenClipEncoder
from tests.core.embedding.test_open_clip_encoder import write_checkpoint
from tests.core.training.flags import FAST, write_flags
from tests.core.training.test_tune import KILLED, one_backward, train

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two gloo processes and one killed one have left behind."""
    folder = tmp_path_factory.mktemp("several")
    write_flags(folder / "flags.parquet")
    write_checkpoint(folder / "start")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.training.several", str(folder), port],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("pieces", [1, 2])
def test_two_processes_compute_what_one_does(folder: Path, tmp_path: Path, pieces: int) -> None:
    base = OpenClipEncoder(f"local-dir:{folder / 'start'}", device="cpu", precision="float32")
    loss, gradients = one_backward(base, folder, FAST, tmp_path)
    together, shared = torch.load(folder / f"gradients-{pieces}.pt", weights_only=False)
    assert together == pytest.approx(loss, rel=1e-5)
    assert set(shared) == set(gradients)
    for name, gradient in gradients.items():
        torch.testing.assert_close(shared[name], gradient, rtol=1e-3, atol=1e-6)


def test_after_kill_9_the_log_is_that_of_a_run_that_was_not_killed(
    folder: Path, tmp_path: Path
) -> None:
    # On one thread, as the killed one: sums in another order differ in the last digit.
    whole = train(folder, tmp_path, KILLED)
    lines: list[str] = []
    again = train(folder, folder / "killed", KILLED, lines.append)
    assert any(line.startswith("going on after epoch 1") for line in lines)
    assert again == whole
    assert log(tmp_path) == log(folder / "killed")


def log(folder: Path) -> list[dict]:
    """Read a run's log without times."""
    text = (folder / "engines" / "flags" / "log.jsonl").read_text()
    rows = [json.loads(line) for line in text.splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
