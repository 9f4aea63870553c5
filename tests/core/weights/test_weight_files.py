"""Sizes of folders that others write in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.weights import wheel
from core.weights.weight_files import bytes_below


def test_a_folder_that_vanishes_while_sizes_are_added_counts_as_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pip's own, between the look at its parent and the look into it."""
    for name in ("kept", "gone"):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "below" / "file").write_bytes(b"12345")
    look = os.scandir

    def looked(folder: str | Path = ".") -> object:
        if Path(folder) == tmp_path / "gone":
            raise FileNotFoundError(2, "No such file or directory", str(folder))
        return look(folder)

    monkeypatch.setattr(os, "scandir", looked)
    assert wheel.bytes_below is bytes_below
    assert bytes_below(tmp_path) == 5
