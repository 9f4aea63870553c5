"""The root command: build settings from options and run the requested command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from core.base.buckets import connect
from core.cli.root_group import RootGroup
from core.errors import StudioError
from core.settings import load_settings

if TYPE_CHECKING:
    from core.app.studio import Studio

    Serve = Callable[[Studio], None]


def build_cli(serve: Serve) -> typer.Typer:
    """Return the command line; a command is imported when it is used.

    ``serve`` runs the pages; it is passed in because ``core`` must not import them.
    """
    cli = typer.Typer(
        cls=RootGroup,
        help="Grounded, rewritten, fine-tuned product retrieval.",
        no_args_is_help=False,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @cli.callback(invoke_without_command=True)
    def root(
        context: typer.Context,
        data_dir: Annotated[
            str | None,
            typer.Option(
                help="Where catalogues and judgments live: a folder, or s3://BUCKET/PREFIX.",
                metavar="FOLDER|URI",
            ),
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
        if context.obj.bucket:
            connect(context.obj.data_dir, context.obj.bucket)
        if context.invoked_subcommand is None:
            _serve(context)

    @cli.command("serve")
    def serve_command(context: typer.Context) -> None:
        """Serve the pages (what happens without a command, too)."""
        _serve(context)

    def _serve(context: typer.Context) -> None:
        from core.app.studio import Studio

        serve(Studio(context.obj))

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
