"""Change one thing in the code, run the tests that reach it, and see whether one of them fails.

`python scripts/mutants.py 20` tries 20 changes of each package that `[tool.mutmut]` in
pyproject.toml names, chosen at random but the same each time; `--seed 1` chooses others. It needs
`pip install mutmut`, and leaves the folder `mutants`, which the next run uses again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: A module with few mutants: running it makes all mutants and learns which tests reach them.
_SMALL = "core.base.content_key*"
#: Exit codes of mutmut's workers that mean "no test noticed", and "no test reaches it".
_SURVIVED, _UNTESTED = 0, 33


def main() -> None:
    """Try a sample of mutants of each package and print the share that a test kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="mutants of each package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--package", help="such as judging; all without it")
    asked = parser.parse_args()
    _mutmut(_SMALL)
    packages: dict[str, list[str]] = defaultdict(list)
    for name in sorted(_outcomes()):
        packages[_package(name)].append(name)
    chosen: list[str] = []
    for package, names in packages.items():
        if asked.package in (None, package):
            chance = random.Random(asked.seed)  # noqa: S311 - nothing secret
            chosen += chance.sample(names, min(asked.count, len(names)))
    _mutmut(*chosen)
    outcomes = _outcomes()
    survivors = [name for name in chosen if outcomes[name] in (_SURVIVED, _UNTESTED)]
    print(*survivors, sep="\n")
    tried, left = Counter(map(_package, chosen)), Counter(map(_package, survivors))
    for package, count in tried.items():
        print(f"{package}: {count - left[package]} of {count} killed")
    killed = len(chosen) - len(survivors)
    print(f"all: {killed} of {len(chosen)} killed ({100 * killed / len(chosen):.0f} %)")


def _mutmut(*names: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names], cwd=ROOT, check=True
    )


def _outcomes() -> dict[str, int | None]:
    """Return every mutant's exit code, by its name; ``None`` where it was not tried."""
    outcomes: dict[str, int | None] = {}
    for meta in (ROOT / "mutants").rglob("*.meta"):
        outcomes |= json.loads(meta.read_text("utf-8"))["exit_code_by_key"]
    return outcomes


def _package(name: str) -> str:
    """Return the package of a mutant: of ``core.judging.log.x_f__mutmut_1`` it is ``judging``."""
    return name.split(".")[1]


if __name__ == "__main__":
    main()
