from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / ".importlinter"


def test_imports_keep_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    # It would switch off the loggers that exist, and with them the log checks of later tests.
    monkeypatch.setattr("importlinter.cli.logging_config.dictConfig", lambda config: None)
    assert lint_imports(config_filename=str(CONTRACT), no_cache=True) == 0, (
        "Run `lint-imports` to see which import points up or sideways."
    )


def test_every_part_of_the_core_has_a_layer() -> None:
    config = configparser.ConfigParser()
    config.read(CONTRACT)
    layers = config["importlinter:contract:layers"]["layers"]
    named = {word.strip("()") for word in layers.split()}
    parts = {
        f"core.{path.stem}"
        for path in (ROOT / "core").iterdir()
        if (path / "__init__.py").is_file() or (path.suffix == ".py" and path.stem != "__init__")
    }
    assert parts <= named, f"give these a line in .importlinter: {sorted(parts - named)}"
