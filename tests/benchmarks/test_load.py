"""The load benchmark's visitors talk to the real app as browsers do. No time is asserted."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_visitors_are_served_without_an_error(demo_data: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_data, tmp_path / "data")
    done = subprocess.run(  # on its own: locust changes how a whole process waits
        [
            sys.executable, "-m", "benchmarks.load", "--data-dir", str(tmp_path / "data"),
            "--visitors", "2", "--acts", "12", "--seconds", "120", "--pause", "0", "0.2",
            "--mix", "words=1,similar=1,inspect=1,judging=1",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ", 0 errors" in done.stdout, done.stdout
    assert "| page |" in done.stdout
    assert "server's memory at the end" in done.stdout
