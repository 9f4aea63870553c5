"""What there is one of, there stays one of: writing a file whole, locks between processes."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text("utf-8"))
    for folder in ("core", "ui")
    for path in sorted((ROOT / folder).rglob("*.py"))
}


def places(finds: Callable[[ast.AST], bool], but: tuple[str, ...] = ()) -> list[str]:
    """List the places in the sources that ``finds`` accepts, apart from the files ``but``."""
    return [
        f"{name}:{getattr(node, 'lineno', 0)}"
        for name, tree in SOURCES.items()
        if name not in but
        for node in ast.walk(tree)
        if finds(node)
    ]


def imports(*names: str) -> Callable[[ast.AST], bool]:
    """Says yes to an import of any of these modules."""

    def is_one(node: ast.AST) -> bool:
        if isinstance(node, ast.ImportFrom):
            return node.module in names
        return isinstance(node, ast.Import) and any(alias.name in names for alias in node.names)

    return is_one


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and value of each text in a module but docstrings; of an f-string, each of its parts."""
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            id(node) not in comments
            and isinstance(node, ast.Constant)
            and isinstance(node.value, str)
        ):
            yield node.lineno, node.value


def replaces_a_file(node: ast.AST) -> bool:
    """``path.replace(other)``: strings take two arguments, dates and dataclasses names."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    owner = node.func.value
    if isinstance(owner, ast.Name) and owner.id == "os":
        return node.func.attr in ("replace", "rename", "renames", "link")
    return node.func.attr == "replace" and len(node.args) == 1 and not node.keywords


def names_a_partial_file(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in (".part", ".partial", ".tmp", ".temp")


def makes_a_temporary_file(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("mkstemp", "NamedTemporaryFile", "TemporaryFile")


#: A catalogue that was told apart from these: an upload is linked, a table replaces its rows.
NOT_FILES = ("ui/security/kept_upload.py", "core/pipeline/indexer.py")
ATOMIC = "core/base/atomic.py"


def test_a_file_is_written_whole_in_one_place():
    assert places(replaces_a_file, (ATOMIC, *NOT_FILES)) == [], "use core.base.atomic"
    # A workbook's rows come from another process through a file without a name.
    unnamed = "core/base/tables/workbook.py"
    assert places(makes_a_temporary_file, (ATOMIC, unnamed)) == [], "use core.base.atomic.replacing"
    # Features of pictures go on from where a killed run left their partial file.
    assert places(names_a_partial_file, (ATOMIC, "core/training/features.py")) == []


def test_locks_between_processes_are_made_in_one_place():
    assert places(imports("filelock", "fcntl", "portalocker"), ("core/base/locks.py",)) == []


def test_bars_templates_and_word_lists_are_made_in_one_place():
    assert places(imports("tqdm"), ("core/cli/bar.py",)) == [], "use core.cli.bar"
    made = places(lambda node: getattr(node, "id", "") == "FileSystemLoader",
                  ("core/base/templates.py",))  # fmt: skip
    assert made == [], "use core.base.templates"


#: What ``core.errors`` says of a name that nothing has, and of nothing at all.
NO_SUCH = re.compile(
    r"there is no [a-z ]+ “$|there (is|are) no (item|catalogue|engine|judgment set)s?\b"
    r"|^no (item|catalogue|engine|judgment set)s? yet",
    re.IGNORECASE,
)
#: A column is looked for in a file, a model on a server: these say more.
OTHER_SENTENCES = ("core/catalog/columns.py", "core/language/failures.py")


def test_what_is_not_there_is_said_in_one_place():
    said = [
        f"{name}:{line}: {text}"
        for name, tree in SOURCES.items()
        if name not in ("core/errors.py", *OTHER_SENTENCES)
        for line, text in texts(tree)
        if NO_SUCH.search(text)
    ]
    assert said == [], "use no_such, no_item … of core.errors"


def writes_per_cent(node: ast.AST) -> bool:
    """``f"{share:.0%}"``, and a value with `` %`` behind it; styles have no space there."""
    if not isinstance(node, ast.JoinedStr):
        return False
    return any(
        (isinstance(value, ast.FormattedValue)
         and ast.unparse(value.format_spec or ast.Constant("")).rstrip("'\"").endswith("%"))
        or (isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant)
            and str(after.value).startswith((" %", "\u00a0%")))
        for value, after in zip_longest(node.values, node.values[1:])
    )  # fmt: skip


def test_per_cent_is_written_in_one_place():
    lower = "core/domain/search_index.py"  # `base` lies above it
    made = places(writes_per_cent, ("core/base/percentages.py", lower))
    assert made == [], "use core.base.percentages"


@pytest.mark.parametrize("code", ['f"{a:.0%}"', 'f"{a:+.1%} more"', 'f"{a:.3g} % of b"'])
def test_per_cent_written_by_hand_would_be_seen(code: str):
    assert any(writes_per_cent(node) for node in ast.walk(ast.parse(code)))


def test_every_lock_says_how_long_it_is_waited_for():
    """One of the four policies of ``core.base.locks``, by name."""
    policies = {"START", "WRITE", "AT_ONCE", "AS_LONG_AS_IT_TAKES", "patience"}

    def unsaid(node: ast.AST) -> bool:
        if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "file_lock"):
            return False
        return len(node.args) < 2 or getattr(node.args[1], "id", "") not in policies

    assert places(unsaid) == []


@pytest.mark.parametrize(
    "code", ["path.replace(target)", "os.replace(a, b)", "temporary.with_name('x').replace(path)"]
)
def test_a_hand_made_one_would_be_seen(code: str):
    assert any(replaces_a_file(node) for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["text.replace('a', 'b')", "replace(item, x=1)", "d.replace(tzinfo=z)"]
)
def test_what_is_no_file_is_left_alone(code: str):
    assert not any(replaces_a_file(node) for node in ast.walk(ast.parse(code)))


def test_no_thread_changes_what_all_threads_share():
    shared = {"simplefilter", "filterwarnings", "catch_warnings", "field_size_limit", "chdir"}

    def changes(node: ast.AST) -> bool:
        return isinstance(node, ast.Attribute) and node.attr in shared

    # Set once, when the modules that decode all pictures and convert SAM's encoder are imported.
    once = ("core/base/image_decoding.py", "core/vision/sam_export.py")
    assert places(changes, once) == []
    assert places(lambda node: getattr(node, "id", "") == "cached_property") == [], "use base.lazy"
