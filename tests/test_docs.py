"""What the documents say is there: links, anchors, commands, options and paths."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks" / "README.md"]
)
#: Pages whose paths must exist (a change log names files of the past).
WITH_PATHS = [path for path in PAGES if path.parent.name == "docs" or path.stem == "CONTRIBUTING"]
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml|txt|json|yaml|cfg)")
#: Parts that stand for a reader's own: ``engines/NAME/engine.toml``.
PLACEHOLDER = re.compile(r"(?:^|/)(?:[A-Z_]{4,}(?:[/.]|$)|studio-data)|^(?:items|users)\.\w+$")
PROGRAMS = (["python", "app.py"], ["vl-clip-studio"])


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(paths: list[Path]) -> list[Any]:
    return [pytest.param(path, id=path.relative_to(ROOT).as_posix()) for path in paths]


def test_the_reference_is_up_to_date(reference: ModuleType) -> None:
    for name, build in reference.PAGES.items():
        stored = (ROOT / "docs" / name).read_text("utf-8")
        assert stored == build(), f"run `python scripts/reference.py`: docs/{name} is out of date"


@pytest.mark.parametrize("page", named(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue  # another site: not asked for in a test
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", named(PAGES))
def test_commands_and_options_exist(page: Path, reference: ModuleType) -> None:
    root = reference.root_command()
    wrong = [line for line in commands(page.read_text("utf-8")) if not accepted(root, line)]
    assert wrong == []


@pytest.mark.parametrize("page", named(WITH_PATHS))
def test_paths_exist(page: Path) -> None:
    spans = CODE.findall(FENCE.sub("", page.read_text("utf-8")))
    paths = [span for span in spans if PATH.fullmatch(span) and not PLACEHOLDER.search(span)]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_a_wrong_command_would_be_seen(reference: ModuleType) -> None:
    root = reference.root_command()
    assert accepted(root, ["search", "chair", "--json"])
    assert not accepted(root, ["serch", "chair"])
    assert not accepted(root, ["search", "chair", "--jason"])


def anchors(path: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in headings}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words behind the program's name of every command in a page."""
    fences = [line for block in FENCE.findall(text) for line in joined(block)]
    for line in [*fences, *CODE.findall(FENCE.sub("", text))]:
        for part in re.split(r"\s&&?(?=\s|$)", line):
            try:
                words = shlex.split(part, comments=True)
            except ValueError:
                continue
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            for program in PROGRAMS:
                if words[: len(program)] == program:
                    yield words[len(program) :]


def joined(block: str) -> list[str]:
    return block.replace("\\n", " ").splitlines()


def accepted(root: Any, words: list[str]) -> bool:
    """Tell whether each word in a group's place is a command, and each option one of it."""
    options = {"--help", *options_of(root)}
    command, arguments = root, list(words)
    while arguments and getattr(command, "commands", None):
        if arguments[0].startswith("-"):
            if arguments[0] not in options:
                return False
            arguments = arguments[2:] if arguments[0] != "--help" else arguments[1:]
            continue
        if arguments[0] not in command.commands:
            return False
        command = command.commands[arguments.pop(0)]
    options |= options_of(command)
    return all(
        word.partition("=")[0] in options for word in arguments if re.match(r"--?[a-z]", word)
    )


def options_of(command: Any) -> set[str]:
    names = [(*parameter.opts, *parameter.secondary_opts) for parameter in command.params]
    return {name for several in names for name in several}
