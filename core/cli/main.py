"""The root command: build settings from options and run the requested command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.groups import AnywhereOptionsGroup
from core.errors import StudioError
from core.settings import load_settings

if TYPE_CHECKING:
    from core.app.studio import Studio

    Serve = Callable[[Studio], None]

#: Commands and groups of commands, imported only when used: the models' libraries take seconds to
#: import, and some commands don't need them.
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
}
_GROUPS = {
    "catalogs": "core.cli.catalogs:catalogs_app",
    "weights": "core.cli.weights:weights_app",
    "export": "core.cli.export:export_app",
    "judgments": "core.cli.judgments:judgments_app",
    "experiments": "core.cli.experiments:experiments_app",
    "users": "core.cli.users:users_app",
}


def build_cli(serve: Serve, words: Sequence[str] = ()) -> typer.Typer:
    """Return the commands that ``words`` name, or all of them where they name none.

    ``serve`` runs the pages; it is passed in because ``core`` must not import them.
    """
    cli = typer.Typer(
        cls=AnywhereOptionsGroup,
        help="Grounded, rewritten, fine-tuned product retrieval.",
        no_args_is_help=False,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @cli.callback(invoke_without_command=True)
    def root(
        context: typer.Context,
        data_dir: Annotated[
            Path | None, typer.Option(help="Where catalogues and judgments live.")
        ] = None,
        profile: Annotated[
            str | None,
            typer.Option(
                help="Models: compact runs anywhere, full needs the hub; or your own file."
            ),
        ] = None,
        host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
        port: Annotated[int | None, typer.Option(help="Port to serve on.")] = None,
    ) -> None:
        """Serve the studio when no command is given."""
        context.obj = load_settings(data_dir=data_dir, profile=profile, host=host, port=port)
        if context.invoked_subcommand is None:
            _serve(context)

    @cli.command("serve")
    def serve_command(context: typer.Context) -> None:
        """Serve the pages (what happens without a command, too)."""
        _serve(context)

    def _serve(context: typer.Context) -> None:
        from core.app.studio import Studio

        serve(Studio(context.obj))

    named = set(words) & (_COMMANDS.keys() | _GROUPS.keys())
    for name, place in _COMMANDS.items():
        if name in named or not named:
            cli.command(name)(_loaded(place))
    for name, place in _GROUPS.items():
        if name in named or not named:
            cli.add_typer(_loaded(place)(), name=name)
    return cli


def _loaded(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), name)
    return loaded


def run(serve: Serve) -> None:
    """Run the command line; a ``StudioError`` is one sentence on stderr and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        build_cli(serve, sys.argv[1:])()
    except StudioError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("Stopped; what was done is kept.", file=sys.stderr)
        raise SystemExit(130) from None
