"""Check that indexing which is killed at random moments ends with the same result.

Each trial indexes a new catalogue in a process that gets ``kill -9`` after a random number of
model steps and up to 50 ms, one to three times, and then to the end. All rows of all tables must
equal those of a run that nothing disturbed. The models are the small deterministic ones of the
tests; reading, threads, stores and jobs are the product's own.

    python -m benchmarks.killed [--trials 20] [--seed 1]
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.core.pipeline.killable_indexing import content, index, index_and_kill
from tests.core.pipeline.small import write_catalog


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    dice, same, kills = random.Random(given.seed), 0, 0  # noqa: S311
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        source = write_catalog(Path(folder) / "source", 30)
        index(Path(folder) / "undisturbed", source)
        expected = content(Path(folder) / "undisturbed")
        for trial in range(given.trials):
            root = Path(folder) / f"killed-{trial}"
            for count in range(dice.randint(1, 3)):
                # Later kills come soon: fewer steps are left of a run that was killed before.
                index_and_kill(root, source, dice, 36 if count == 0 else 3)
                kills += 1
            index(root, source)
            same += content(root) == expected
            print(f"trial {trial + 1}: {same} of {trial + 1} the same", flush=True)
    seconds = time.monotonic() - started
    print(f"{same} of {given.trials} end in the undisturbed state, after {kills} kills "
          f"({seconds:.0f} s)")  # fmt: skip


if __name__ == "__main__":
    main()
