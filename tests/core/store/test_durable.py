from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.store.durable import Flusher


def test_a_file_whose_flush_failed_is_written_anew_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "a.lance"
    file.write_bytes(b"rows")
    flusher, number = Flusher(tmp_path), file.stat().st_ino
    with monkeypatch.context() as patch:

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            flusher.flush()
    flusher.flush()  # the system would call a second flush of the same file a success
    assert file.read_bytes() == b"rows"
    assert file.stat().st_ino != number
    assert list((tmp_path / "data").iterdir()) == [file]


def test_a_file_that_a_compaction_takes_away_meanwhile_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.lance").write_bytes(b"rows")
    monkeypatch.setattr("core.store.durable._names", lambda folder: ["a.lance", "gone.lance"])
    Flusher(tmp_path).flush()
