"""A command group that accepts its own options before or after the command."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup, TyperOption


class AnywhereOptionsGroup(TyperGroup):
    """Lets ``app.py search chair --data-dir X`` mean ``app.py --data-dir X search chair``."""

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
