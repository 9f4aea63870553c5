"""The process that drives a Ray is killed in mid-run and run again: the end state is the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.core.base.processes import descendants, is_running
from tests.core.pipeline.killable_indexing import PROJECT, content, index
from tests.core.pipeline.small import write_catalog
from tests.core.pipeline.test_remote_stages import pictures

ITEMS = 60


def start(root: Path, source: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.core.pipeline.ray_driver", str(root), str(source)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_killed_driver_that_is_run_again_ends_as_one_process_does(tmp_path: Path) -> None:
    source = write_catalog(tmp_path / "source", ITEMS)
    index(tmp_path / "here", source)

    driver = start(tmp_path / "there", source)
    assert driver.stdout is not None
    for line in driver.stdout:  # killed while results are being stored
        stage, done = line.split()[1:]
        if stage == "grounding" and 0 < int(done) < ITEMS:
            break
    else:
        pytest.fail("it ended before it was killed")
    below = descendants(driver.pid)
    assert below, "Ray's processes are below the driver"
    driver.kill()
    driver.wait()
    driver.stdout.close()
    assert content(tmp_path / "there") != content(tmp_path / "here")
    end = time.monotonic() + 10  # most of Ray's own processes end with the driver
    while any(map(is_running, below)) and time.monotonic() < end:
        time.sleep(0.2)
    for process in filter(is_running, below):
        print("outlives the driver:", Path(f"/proc/{process}/cmdline").read_text()[:200])
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)

    again = start(tmp_path / "there", source)
    output, _ = again.communicate(timeout=300)
    assert again.returncode == 0
    assert output.splitlines()[-1].startswith(f"items {ITEMS} ")
    assert content(tmp_path / "there") == content(tmp_path / "here")
    assert pictures(tmp_path / "there") == pictures(tmp_path / "here")
