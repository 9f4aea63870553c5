"""A search by file name finds one module, but for the names that ARCHITECTURE.md explains."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("core", "ui", "scripts", "benchmarks")
#: Every package may have these.
COMMON = {"__init__", "__main__"}
#: A module here has the name of its command, its page, or what it measures.
NAMED_BY_USE = (("core", "cli"), ("ui", "pages"), ("benchmarks",))


def modules(folders: tuple[str, ...]) -> list[Path]:
    """Return the modules of some folders, relative to the project."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return [path.relative_to(ROOT) for path in paths if path.stem not in COMMON]


def repeated(paths: list[Path]) -> list[str]:
    """Return the names that stand more than once."""
    return sorted(name for name, count in Counter(path.name for path in paths).items() if count > 1)


def test_a_module_name_stands_once() -> None:
    free = [p for p in modules(FOLDERS) if not any(p.parts[: len(u)] == u for u in NAMED_BY_USE)]
    assert repeated(free) == []


def test_a_test_name_stands_once_but_where_it_mirrors_a_page_and_a_command() -> None:
    paths = [path for path in modules(("tests",)) if path.name != "conftest.py"]
    assert repeated(paths) == ["test_evaluate.py"]
