"""Fixtures: a package index with one wheel for the real pip, and an unreachable index."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.core.weights.wheels import build_wheel, close_network


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let pip find only the tiny wheel; return the wheel's path."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return build_wheel(tmp_path / "index")


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set pip's index to a port that no server listens on."""
    close_network(monkeypatch)
