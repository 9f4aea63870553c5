"""``serve-models``: what it refuses before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import command


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLCLIP_MODELS_TOKEN", raising=False)


def test_other_machines_need_a_token(tmp_path: Path) -> None:
    ended = command("serve-models", "--address", "0.0.0.0:7870", "--data-dir", tmp_path)
    assert ended.returncode == 2
    assert "Other machines can reach 0.0.0.0: set VLCLIP_MODELS_TOKEN" in ended.stderr


@pytest.mark.parametrize("address", ["7870", ":7870", "h", "h:", "h:x", "h:0", "h:70000"])
def test_an_address_has_a_host_and_a_port(tmp_path: Path, address: str) -> None:
    ended = command("serve-models", "--address", address, "--data-dir", tmp_path)
    assert ended.returncode == 2
    assert "--address takes HOST:PORT" in ended.stderr


def test_without_ray_serve_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.base.ray_serve.find_spec", lambda name: None)
    ended = command("serve-models", "--data-dir", tmp_path)
    assert ended.returncode == 2
    assert "pip install 'ray[client,serve]'" in ended.stderr
