"""Write the reference of the command line and of the settings, from the code.

python scripts/reference.py          # writes docs/reference-commands.md and -settings.md
python scripts/reference.py --check  # exit code 1 if one of them is out of date
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.cli.main import build_cli  # noqa: E402

NOTE = "<!-- Written by scripts/reference.py; do not edit. -->\n\n"
PROGRAM = "python app.py"


def root_command() -> Any:
    """Return the real command line, as a tree of commands."""
    root: Any = typer.main.get_command(build_cli(lambda studio: None))
    for name in root.list_commands(None):
        root.get_command(None, name)  # imports it
    return root


def walk(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that does something, in the order of ``--help``."""
    children = getattr(command, "commands", None)
    if children is None or not words:
        yield words
    for name, child in (children or {}).items():
        yield from walk(child, (*words, name))


def lookup(root: Any, words: tuple[str, ...]) -> Any:
    """Return the command of these words."""
    for word in words:
        root = root.commands[word]
    return root


def commands() -> str:
    """Write the page of all commands, as Markdown."""
    root = root_command()
    pages = [NOTE, "# Commands\n\n"]
    pages.append(
        "`vl-clip-studio` is the same as `python app.py` where the studio was installed with "
        "`pip install .`. The options of the first table go with every command, before or after "
        "it.\n"
    )
    for words in walk(root):
        command = lookup(root, words)
        pages.append(f"\n## `{' '.join((PROGRAM, *words))}`\n\n{_plain(command.help)}\n")
        rows = [_row(command, parameter) for parameter in command.params]
        if rows:
            pages.append("\n| argument or option | meaning |\n|---|---|\n" + "".join(rows))
    return "".join(pages)


def settings() -> str:
    """Write the page of all settings from the Spacefile (a test holds it to the code)."""
    space = yaml.safe_load((ROOT / "Spacefile").read_text("utf-8"))
    rows = [
        f"| `{entry['name']}` | {_cell(entry['description'])} | "
        f"{'`' + str(entry['default']) + '`' if entry.get('default') else ''} |\n"
        for entry in space["micros"][0]["presets"]["env"]
    ]
    return (
        NOTE + "# Settings\n\nEach is an environment variable. Options of the "
        "[command line](reference-commands.md) win over them.\n\n"
        "| variable | meaning | default |\n|---|---|---|\n" + "".join(rows)
    )


def _row(command: Any, parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = (parameter.metavar or parameter.name or "").upper()
        usage = f"`{name}`" + ("" if parameter.required else " (may be left out)")
    else:
        usage = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    meaning = _cell(_plain(getattr(parameter, "help", None)))
    default = parameter.default
    if isinstance(default, (int, float, str)) and not isinstance(default, bool) and default != "":
        meaning += f" Default: `{getattr(default, 'value', default)}`."
    return f"| {usage} | {meaning} |\n"


def _plain(text: str | None) -> str:
    """Return a docstring without its sections for developers."""
    lines = (text or "").replace("\b", "").strip().split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in lines if not part.startswith("Raises:"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


PAGES = {"reference-commands.md": commands, "reference-settings.md": settings}


def main() -> None:
    """Write the pages, or say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    check = parser.parse_args().check
    stale = []
    for name, build in PAGES.items():
        path, text = ROOT / "docs" / name, build()
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.write_text(text, "utf-8")
    print("\n".join(f"docs/{name}" for name in stale) or "up to date")
    if check and stale:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
