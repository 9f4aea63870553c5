"""The root command: settings from options, then one studio for the command that was asked for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from core.app.studio import Studio
from core.cli.evaluate import evaluate
from core.cli.export import export_app
from core.cli.groups import AnywhereOptionsGroup
from core.cli.index import index
from core.cli.info import info
from core.cli.judge import judge
from core.cli.judgments import judgments_app
from core.cli.rewrite import rewrite, rewrites
from core.cli.search import search
from core.cli.train import train
from core.cli.users import users_app
from core.domain import Profile
from core.errors import StudioError
from core.settings import load_settings
from core.weights.cli import weights_app

Serve = Callable[[Studio], None]


def build_cli(serve: Serve) -> typer.Typer:
    """All commands; ``serve`` runs the pages, so that ``core`` needs to know no screen."""
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
            Profile | None, typer.Option(help="Weights: compact runs anywhere, full needs the hub.")
        ] = None,
        host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
        port: Annotated[int | None, typer.Option(help="Port to serve on.")] = None,
    ) -> None:
        """Serve the studio when no command is given."""
        context.obj = load_settings(data_dir=data_dir, profile=profile, host=host, port=port)
        if context.invoked_subcommand is None:
            serve(Studio(context.obj))

    @cli.command("serve")
    def serve_command(context: typer.Context) -> None:
        """Serve the pages (what happens without a command, too)."""
        serve(Studio(context.obj))

    cli.command("index")(index)
    cli.command("search")(search)
    cli.command("evaluate")(evaluate)
    cli.command("train")(train)
    cli.command("rewrite")(rewrite)
    cli.command("rewrites")(rewrites)
    cli.command("judge")(judge)
    cli.command("info")(info)
    cli.add_typer(weights_app(), name="weights")
    cli.add_typer(export_app(), name="export")
    cli.add_typer(judgments_app(), name="judgments")
    cli.add_typer(users_app(), name="users")
    return cli


def run(serve: Serve) -> None:
    """Run the command line; a ``StudioError`` is one sentence on stderr and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        build_cli(serve)()
    except StudioError as error:
        print(f"Error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("Stopped; what was done is kept.", file=sys.stderr)
        raise SystemExit(130) from None
