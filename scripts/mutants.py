"""Change one thing in the code, run the tests that reach it, and see whether one of them fails.

`python scripts/mutants.py 20` tries 20 changes of each package that `[tool.mutmut]` in
pyproject.toml names, chosen at random but the same each time; `--seed 1` chooses others. `mutmut`
(`pip install mutmut`) makes the changes, in the folder `mutants`, which the next run uses again.
The tests are collected once; each change is then tried in a fork, without anything else to load.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
MUTANTS = ROOT / "mutants"
#: What the tests are run with where no change is made, and where it is noted what they reach.
_NOTHING, _NOTE = "", "stats"
#: A change counts as noticed when its tests take so many times longer than without it, seconds
#: more included: of processor time, and of a clock.
_SLOWER, _MORE = 10.0, 30.0
_KILLED, _SURVIVED, _ENDLESS, _UNTESTED = "killed", "survived", "endless", "untested"


def main() -> None:
    """Try a sample of mutants of each package and print the share that a test kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="mutants of each package")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--package", default="", help="such as judging, or judging.queue")
    asked = parser.parse_args()
    os.chdir(ROOT)
    _make_mutants()
    chosen = _sample(asked.count, asked.seed, asked.package)
    outcomes = _tried(chosen)
    tried, kept = Counter(map(_package, chosen)), Counter[str]()
    for name, outcome in outcomes.items():
        kept[_package(name)] += outcome in (_SURVIVED, _UNTESTED)
    for package, count in tried.items():
        print(f"{package}: {count - kept[package]} of {count} killed")
    killed = len(chosen) - kept.total()
    print(f"all: {killed} of {len(chosen)} killed ({100 * killed / max(len(chosen), 1):.0f} %)")


def _make_mutants() -> None:
    """Copy the project to the folder `mutants`, with all changes in it; unchanged files stay."""
    from mutmut import __main__ as mutmut

    os.environ["MUTANT_UNDER_TEST"] = "mutant_generation"
    MUTANTS.mkdir(exist_ok=True)
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.setup_source_paths()
    mutmut.create_mutants(1)


def _sample(count: int, seed: int, package: str) -> list[str]:
    packages: dict[str, list[str]] = defaultdict(list)
    for meta in sorted((MUTANTS / "core").rglob("*.meta")):
        for name in json.loads(meta.read_text("utf-8"))["exit_code_by_key"]:
            if name.startswith(f"core.{package}"):
                packages[_package(name)].append(name)
    chosen: list[str] = []
    for names in packages.values():
        chance = random.Random(seed)  # noqa: S311 - nothing secret
        chosen += chance.sample(sorted(names), min(count, len(names)))
    return chosen


def _package(name: str) -> str:
    """Return the package of a mutant: of ``core.judging.log.x_f__mutmut_1`` it is ``judging``."""
    return name.split(".")[1]


def _tried(names: Sequence[str]) -> dict[str, str]:
    """Return the outcome of each mutant; print them as they come."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    os.chdir(MUTANTS)
    sys.path[:0] = [str(MUTANTS)]
    os.environ["MUTANT_UNDER_TEST"] = _NOTHING
    trial = _Trial(names)
    with tempfile.TemporaryDirectory() as folder:
        options = ["-q", "--tb=line", "--basetemp", f"{folder}/tests"]
        mirror = _package(names[0]) if len({*map(_package, names)}) == 1 else ""
        tests = settings["pytest_add_cli_args_test_selection"]
        tests = [test for test in tests if mirror in test or test.endswith(".py")]
        code = pytest.main([*settings["pytest_add_cli_args"], *options, *tests], plugins=[trial])
    if code or len(trial.outcomes) < len(names):
        sys.exit("The tests fail without any change, or can't be collected.")
    return trial.outcomes


class _Trial:
    """Runs the tests of each mutant in a fork, in place of pytest's own loop."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.outcomes: dict[str, str] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Note which functions each test reaches, then try the mutants."""
        notes = Path(session.config.getoption("basetemp")).with_name("notes.json")
        if _forked(lambda: _note(session.items, notes), 3600) == _KILLED:
            return True
        reached: dict[str, tuple[float, list[str]]] = json.loads(notes.read_text("utf-8"))
        for name in self._names:
            function = name.rpartition("__mutmut_")[0]
            tests = [item for item in session.items if function in reached[item.nodeid][1]]
            tests.sort(key=lambda item: reached[item.nodeid][0])
            seconds = sum(reached[item.nodeid][0] for item in tests)
            outcome = _UNTESTED
            if tests:
                limit = _MORE + _SLOWER * seconds
                outcome = _forked(lambda t=tests, n=name: _passes(t, n), limit)  # type: ignore[misc]
            self.outcomes[name] = outcome
            print(f"{len(self.outcomes)}: {outcome} {name}", flush=True)
        return True


def _forked(run: Callable[[], bool], limit: float) -> str:
    """Return whether something holds in a fork, which ends after a time."""
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5))
        code = 1
        try:
            code = 0 if run() else 1
        finally:
            os._exit(code)
    until = time.monotonic() + 20 * limit
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return _ENDLESS if code < 0 else _KILLED if code else _SURVIVED
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def _passes(items: Sequence[pytest.Item], mutant: str) -> bool:
    """Run tests up to the first that fails, with what they print and report left out."""
    os.environ["MUTANT_UNDER_TEST"] = mutant
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if item.session.testsfailed:
            return False
    return True


def _note(items: Sequence[Any], target: Path) -> bool:
    """Run all tests; store how long each took, and the functions that it reached."""
    from mutmut.state import state

    os.environ["MUTANT_UNDER_TEST"] = _NOTE
    notes: dict[str, tuple[float, list[str]]] = {}
    for item, following in zip(items, [*items[1:], None], strict=True):
        state()._stats.clear()
        started = time.process_time()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        notes[item.nodeid] = (time.process_time() - started, sorted(state()._stats))
        if item.session.testsfailed:
            print("fails without any change:", item.nodeid, flush=True)
            return False
    target.write_text(json.dumps(notes), "utf-8")
    return True


if __name__ == "__main__":
    main()
