"""After ``kill -9`` at any moment, the next run ends in the same state as without it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.store.catalog_store import CatalogStore
from tests.core.pipeline.small import write_catalog

PROJECT = Path(__file__).parents[3]


def content(root: Path) -> dict[str, list[tuple[str, ...]]]:
    """Return all rows of all tables, sorted, without the time of the run."""
    database = CatalogStore(root).database
    tables = {}
    for name in database.list_tables(limit=1000).tables:
        rows = database.open_table(name).to_arrow().to_pylist()
        rows = [row for row in rows if row.get("name") != "updated"]
        tables[name] = sorted(tuple(map(repr, row.values())) for row in rows)
    return tables


def start(root: Path, source: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.core.pipeline.killable", str(root), str(source)]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() == "started"
    return process


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_in_the_same_state(tmp_path):
    source = write_catalog(tmp_path / "source", 60)
    assert finish(start(tmp_path / "undisturbed", source))

    dice = random.Random(11)
    for _ in range(4):
        process = start(tmp_path / "killed", source)
        # By steps, then a moment: a machine's speed must not decide whether it is killed midway.
        for _ in range(dice.randint(1, 12)):
            assert process.stdout.readline().strip() == "step"
        time.sleep(dice.uniform(0, 0.02))
        process.kill()
        assert not finish(process)

    assert finish(start(tmp_path / "killed", source))
    assert content(tmp_path / "killed") == content(tmp_path / "undisturbed")


def finish(process: subprocess.Popen[str]) -> bool:
    """Wait for the end; return whether the run ended by itself."""
    return process.communicate()[0].strip().endswith("finished")
