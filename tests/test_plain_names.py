"""Names in the code say what they hold: no ``where`` for a catalogue, no ``found`` for hits."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: Words that stand for nothing in particular; use a noun (see "Words in this code", ARCHITECTURE).
VAGUE = frozenset(
    {"where", "one", "found", "known", "told", "there", "ours", "theirs", "whose", "stuff"}
    | {"somebody", "anybody", "something", "whatever"}
)
#: Keys of stored reports.
KEPT = {("core/domain/evaluation.py", "found")}


def names(tree: ast.AST) -> Iterator[str]:
    """Yield all names that a module defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name


def vague(source: str) -> set[str]:
    """Return the vague names that a module defines."""
    return {name.strip("_") for name in names(ast.parse(source))} & VAGUE


def test_the_check_sees_every_kind_of_name() -> None:
    source = "def told(where): found = [one for one in where]; self._known = found"
    assert vague(source) == {"told", "where", "found", "one", "known"}


def test_no_name_is_vague() -> None:
    faults = []
    for folder in ("core", "ui", "benchmarks", "scripts", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            words = vague(path.read_text("utf-8"))
            faults += [(place, word) for word in words if (place, word) not in KEPT]
    assert faults == []
