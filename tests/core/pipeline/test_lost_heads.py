"""A Ray whose head ends while a file is indexed on it; it is started again, and so is the command.

A real head and a real client, in processes of their own.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.store.catalog_store import CatalogStore
from tests.core.base.ray_heads import Head
from tests.core.pipeline.killable_indexing import PROJECT, content, index
from tests.core.pipeline.small import write_catalog
from tests.core.pipeline.test_remote_stages import pictures

ITEMS = 96
#: Longest wait for a driver: one that hangs would wait for ever, seconds. Where Ray's own process
#: for a client ends at once, Ray takes two minutes to say so.
LONGEST = 500


@pytest.fixture
def head(tmp_path: Path) -> Iterator[Head]:
    if find_spec("ray") is None:  # an import here would keep the client from using the head's token
        pytest.skip("Ray is not installed: pip install 'ray[client]'")
    head = Head(tmp_path)
    try:
        yield head
    finally:
        head.end()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_catalog(tmp_path / "source", ITEMS)


def driver(head: Head, root: Path, source: Path) -> subprocess.Popen[str]:
    """Start to index; after the first items the workers wait until ``gate`` is there."""
    command = [sys.executable, "-m", "tests.core.pipeline.ray_driver", head.address, root, source]
    return subprocess.Popen(
        [*map(str, command), "0", str(source.with_name("gate"))],
        cwd=PROJECT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for_groundings(running: subprocess.Popen[str]) -> None:
    """Wait until the first items are grounded; the others wait for the gate."""
    assert running.stdout is not None
    too_late = threading.Timer(LONGEST, running.kill)
    too_late.start()
    try:
        for line in running.stdout:
            kind, stage, done, *_ = line.split()
            if (kind, stage) == ("step", "grounding") and int(done):
                return
    finally:
        too_late.cancel()
    raise AssertionError(f"It ended too early: {end_of(running)}")


def end_of(running: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how a driver ended and what it said."""
    try:
        _, said = running.communicate(timeout=LONGEST)
    finally:
        running.kill()
    return running.returncode, said


def check_sentence(head: Head, code: int, said: str) -> None:
    """Check the last line: before it there may be one of gRPC's own threads."""
    sentence = said.splitlines()[-1]
    assert sentence.startswith(f"The connection with the head of {head.address} was lost:"), said
    assert code == 2


@pytest.mark.slow
def test_a_head_that_is_lost_ends_the_command_with_a_sentence(
    head: Head, source: Path, tmp_path: Path
) -> None:
    running = driver(head, tmp_path / "there", source)
    wait_for_groundings(running)
    head.end()
    code, said = end_of(running)
    check_sentence(head, code, said)


@pytest.mark.slow
def test_a_head_that_is_killed_and_started_again_costs_no_result(
    head: Head, source: Path, tmp_path: Path
) -> None:
    """The head is there again before the client has noticed that it was gone."""
    index(tmp_path / "here", source)
    running = driver(head, tmp_path / "there", source)
    wait_for_groundings(running)
    head.end()
    head.start()
    code, said = end_of(running)
    check_sentence(head, code, said)
    kept = CatalogStore(tmp_path / "there").groundings.table.count_rows()
    assert 0 < kept < ITEMS

    source.with_name("gate").touch()
    again = driver(head, tmp_path / "there", source)
    printed, _ = again.communicate(timeout=LONGEST)
    _, items, grounded, _ = printed.splitlines()[-1].split()
    assert (int(items), int(grounded)) == (ITEMS, ITEMS - kept)
    assert content(tmp_path / "there") == content(tmp_path / "here")
    assert pictures(tmp_path / "there") == pictures(tmp_path / "here")
