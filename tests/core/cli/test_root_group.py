from __future__ import annotations

from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from core.cli import build_cli
from core.cli.root_group import RootGroup


@pytest.fixture
def app() -> typer.Typer:
    cli = typer.Typer(cls=RootGroup)

    @cli.callback(invoke_without_command=True)
    def root(context: typer.Context, data_dir: Annotated[str, typer.Option()] = "none") -> None:
        context.obj = data_dir

    @cli.command()
    def search(
        context: typer.Context, text: str, k: Annotated[int, typer.Option("-k")] = 1
    ) -> None:
        print(f"{context.obj}|{text}|{k}")

    @cli.command()
    def other() -> None:
        pass

    return cli


@pytest.mark.parametrize(
    "words",
    [
        ["--data-dir", "X", "search", "chair", "-k", "3"],
        ["search", "chair", "--data-dir", "X", "-k", "3"],
        ["search", "--data-dir=X", "-k", "3", "chair"],
    ],
)
def test_own_options_anywhere(app: typer.Typer, words: list[str]) -> None:
    assert CliRunner().invoke(app, words).output == "X|chair|3\n"


def test_words_after_the_double_dash_are_words(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["search", "--", "--data-dir"]).output == "none|--data-dir|1\n"


def test_an_unknown_command_is_answered_with_similar_ones() -> None:
    answer = CliRunner().invoke(build_cli(lambda studio: None), ["serch"])
    assert answer.exit_code == 2
    assert "'search'" in answer.output


def test_help_lists_commands_that_are_not_imported_yet() -> None:
    answer = CliRunner().invoke(build_cli(lambda studio: None), ["--help"])
    assert all(f" {name} " in answer.output for name in ("serve", "train", "experiments"))
