"""Index a catalogue in a separate process that prints a line at every step of its models."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from core.pipeline import local_stages
from core.pipeline.indexer import run_index
from core.store.catalog_store import CatalogStore
from core.store.image_store import ImageStore
from tests.core.pipeline.small import HashingEncoder, MiddleGrounder, bench, rows_of

PROJECT = Path(__file__).parents[3]
#: Most steps before a process is killed; thirty items take at least so many.
MOST_STEPS = 36


def index(root: Path, source: Path) -> None:
    """Index a catalogue file with the small models, to the end."""
    store = CatalogStore(root)
    photos = ImageStore(root / "images")
    run_index(store, photos, bench().models, rows_of(source, photos), title="t", source="s")


def index_and_kill(root: Path, source: Path, dice: random.Random, most: int = MOST_STEPS) -> None:
    """Index in a process that is killed after up to ``most`` random steps, and a moment."""
    command = [
        sys.executable,
        "-m",
        "tests.core.pipeline.killable_indexing",
        str(root),
        str(source),
    ]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    # By steps, then a moment: a machine's speed must not decide whether it is killed midway.
    for _ in range(dice.randint(1, most)):
        process.stdout.readline()  # empty where it has finished: then nothing was left to kill
    time.sleep(dice.uniform(0, 0.05))
    process.kill()
    process.communicate()


def content(root: Path) -> dict[str, list[tuple[str, ...]]]:
    """Return all rows of all tables, sorted, without the time of the run."""
    database = CatalogStore(root).database
    tables = {}
    for name in database.list_tables(limit=1000).tables:
        rows = database.open_table(name).to_arrow().to_pylist()
        rows = [row for row in rows if row.get("name") != "updated"]
        tables[name] = sorted(tuple(map(repr, row.values())) for row in rows)
    return tables


def main(root: Path, source: Path) -> None:
    local_stages.MODEL_BATCH = 4
    encode, ground = HashingEncoder.encode_prepared, MiddleGrounder.ground

    def told_encode(self: HashingEncoder, batch: object) -> object:
        print("step", flush=True)
        return encode(self, batch)

    def told_ground(self: MiddleGrounder, *given: object) -> object:
        print("step", flush=True)
        return ground(self, *given)

    HashingEncoder.encode_prepared, MiddleGrounder.ground = told_encode, told_ground
    index(root, source)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
