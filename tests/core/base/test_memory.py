"""Free memory is the least of machine, container and own limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.base.memory import free_bytes


def test_a_container_s_limit_counts(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert free_bytes(tmp_path) == 2_000_000


def test_a_container_of_the_old_kind_counts_too(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("5000000")
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("6000000")
    assert free_bytes(tmp_path) == 0  # over its limit: nothing is left, not less


@pytest.mark.parametrize("limit", ["max", ""])
def test_a_container_without_a_limit_has_the_machine_s_memory(tmp_path: Path, limit: str) -> None:
    (tmp_path / "memory.max").write_text(limit)
    (tmp_path / "memory.current").write_text("1000000")
    free = psutil.virtual_memory().available
    assert free / 2 < free_bytes(tmp_path) < free * 2


def group(folder: Path, limit: int | str, used: int, files: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(str(limit))
    (folder / "memory.current").write_text(str(used))
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {files}\nslab 7\n")


def test_files_that_were_read_do_not_count_as_used(tmp_path: Path) -> None:
    group(tmp_path, 3_000_000, 2_500_000, files=2_000_000)
    assert free_bytes(tmp_path) == 2_500_000


def test_the_limit_of_the_process_s_own_group_counts(tmp_path: Path) -> None:
    group(tmp_path / "batch" / "job-7", 3_000_000, 1_000_000)
    group(tmp_path / "batch", "max", 9_000_000)
    own = tmp_path / "own"
    own.write_text("0::/batch/job-7\n")
    assert free_bytes(tmp_path, own) == 2_000_000
    group(tmp_path / "batch", 10_000_000, 9_500_000)  # all jobs together may take less
    assert free_bytes(tmp_path, own) == 500_000
    own.write_text("0::/elsewhere/than/here\n")
    assert free_bytes(tmp_path, own) > 10_000_000


def test_the_own_group_of_the_old_kind_counts_too(tmp_path: Path) -> None:
    folder = tmp_path / "memory" / "job"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text("5000000")
    (folder / "memory.usage_in_bytes").write_text("4000000")
    (folder / "memory.stat").write_text("cache 9\ninactive_file 1\ntotal_inactive_file 1500000\n")
    own = tmp_path / "own"
    own.write_text("9:name=systemd:/x\n4:memory:/job\n0::/\n")
    assert free_bytes(tmp_path, own) == 2_500_000


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_the_process_s_own_limit_counts() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 * 10**9, 2 * 10**9));"
        "from core.base.memory import free_bytes; print(free_bytes())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(ran.stdout) < 2 * 10**9
