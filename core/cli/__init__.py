"""The command line, for scripts and servers."""

from core.cli.main import build_cli, run

__all__ = ["build_cli", "run"]
