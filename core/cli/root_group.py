"""The group of all commands: imported when used, with its own options before or after them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup, TyperOption

_COMMANDS = {
    "index": "core.cli.index:index",
    "search": "core.cli.search:search",
    "evaluate": "core.cli.evaluate:evaluate",
    "train": "core.cli.train:train",
    "rewrite": "core.cli.rewrite:rewrite",
    "rewrites": "core.cli.rewrite:rewrites",
    "judge": "core.cli.judge:judge",
    "info": "core.cli.info:info",
    "selftest": "core.cli.selftest:selftest",
    "serve-models": "core.cli.serve_models:serve_models",
}
_GROUPS = {
    "catalogs": "core.cli.catalogs:catalogs_app",
    "weights": "core.cli.weights:weights_app",
    "export": "core.cli.export:export_app",
    "judgments": "core.cli.judgments:judgments_app",
    "experiments": "core.cli.experiments:experiments_app",
    "users": "core.cli.users:users_app",
}


class RootGroup(TyperGroup):
    """Imports a command when it is used, and takes its own options anywhere.

    The libraries of the models take seconds to import, and serving needs none of them at first.
    ``app.py search chair --data-dir X`` means ``app.py --data-dir X search chair``.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, imported or not."""
        return list(dict.fromkeys([*self.commands, *_COMMANDS, *_GROUPS]))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or ``None`` where there is none of that name."""
        names = self.list_commands(ctx)
        # For an unknown name all are imported, from which the error suggests similar ones.
        for name in [cmd_name] if cmd_name in names else names:
            if name not in self.commands:
                self.add_command(_imported(name))
        return self.commands.get(cmd_name)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move this group's own options to the front; words after ``--`` stay where they are."""
        takes_value = {
            name: not parameter.is_flag
            for parameter in self.params
            if isinstance(parameter, TyperOption) and "--help" not in parameter.opts
            for name in parameter.opts
        }
        options: list[str] = []
        remaining: list[str] = []
        words = iter(args)
        for word in words:
            if word == "--":
                remaining += [word, *words]
                break
            name, equals, _ = word.partition("=")
            if name not in takes_value:
                remaining.append(word)
                continue
            options.append(word)
            if takes_value[name] and not equals:
                options += [value for value in [next(words, None)] if value is not None]
        return super().parse_args(ctx, options + remaining)


def _imported(name: str) -> Any:
    module, _, attribute = (_COMMANDS | _GROUPS)[name].partition(":")
    command = getattr(import_module(module), attribute)
    parent = typer.Typer(callback=lambda: None)  # a callback makes it a group even of one command
    if name in _GROUPS:
        parent.add_typer(command(), name=name)
    else:
        parent.command(name)(command)
    return typer.main.get_group(parent).commands[name]
