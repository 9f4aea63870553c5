"""The Spacefile declares command, port and environment; README and settings must agree."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from core.settings import Settings

ROOT = Path(__file__).parent.parent
#: Names under which hosts set our variables; all others are ``VLCLIP_<FIELD>``.
COMMON_NAMES = {"port": "PORT", "anthropic_api_key": "ANTHROPIC_API_KEY"}


@pytest.fixture(scope="module")
def micro() -> dict:
    space = yaml.safe_load((ROOT / "Spacefile").read_text())
    assert space["v"] == 0
    (micro,) = space["micros"]
    return micro


@pytest.fixture(scope="module")
def front_matter() -> dict:
    _, front, _ = (ROOT / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(front)


def test_every_setting_is_declared(micro: dict) -> None:
    declared = {entry["name"] for entry in micro["presets"]["env"]}
    expected = {COMMON_NAMES.get(name, f"VLCLIP_{name.upper()}") for name in Settings.model_fields}
    assert declared == expected


def test_declared_defaults_are_the_settings_defaults(
    micro: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(micro["presets"]["env"]):
        monkeypatch.delenv(name["name"], raising=False)
    plain = Settings()
    for entry in micro["presets"]["env"]:
        if "default" not in entry:
            continue
        for other in micro["presets"]["env"]:
            monkeypatch.delenv(other["name"], raising=False)
        monkeypatch.setenv(entry["name"], entry["default"])
        assert Settings() == plain, entry["name"]


def test_command_and_app_file_agree(micro: dict, front_matter: dict) -> None:
    assert micro["primary"] is True
    assert micro["run"] == f"python {front_matter['app_file']}"
    assert (ROOT / front_matter["app_file"]).is_file()


def test_front_matter_matches_requirements(front_matter: dict) -> None:
    assert front_matter["sdk"] == "gradio"
    major_minor = ".".join(front_matter["sdk_version"].split(".")[:2])
    assert f"gradio>={major_minor}," in (ROOT / "requirements.txt").read_text()
    assert (
        f'requires-python = ">={front_matter["python_version"]}"'
        in (ROOT / "pyproject.toml").read_text()
    )


def test_readme_has_the_lines_that_it_promises(front_matter: dict) -> None:
    readme = (ROOT / "README.md").read_text()
    assert "\npip install -r requirements.txt && python app.py\n" in readme
    assert "\npip install -r requirements-dev.txt && python -m pytest" in readme
