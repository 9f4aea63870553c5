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


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of flushed files and folders, in order."""
    seen: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda number: seen.append(Path(f"/proc/self/fd/{number}").readlink().name)
    )
    return seen


def test_new_files_are_flushed_before_their_folder_and_old_ones_never_again(
    tmp_path: Path, flushed: list[str]
) -> None:
    flusher = Flusher(tmp_path)
    flusher.flush()  # there is no folder yet
    assert flushed == []
    for folder in ("data", "_transactions", "_versions", "_indices"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"in {folder}").write_text("x")
    flusher.flush()
    assert flushed == ["in data", "data", "in _transactions", "_transactions", "in _versions",
                       "_versions"]  # fmt: skip
    flushed.clear()
    (tmp_path / "data" / "new").write_text("x")
    (tmp_path / "data" / "in data").unlink()
    flusher.flush()
    assert flushed == ["new", "data", "_transactions", "_versions"]
    (tmp_path / "data" / "in data").write_text("back")
    flushed.clear()
    flusher.flush()
    assert "in data" in flushed


def test_a_file_that_was_written_anew_is_flushed_as_usual_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    for name in ("a", "b"):
        (tmp_path / "data" / name).write_bytes(name.encode())
    flusher = Flusher(tmp_path)
    with monkeypatch.context() as patch:

        def fails(number: int) -> None:
            raise OSError(5, "Input/output error")

        patch.setattr(os, "fsync", fails)
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output"):
                flusher.flush()
    assert flusher._refused
    flusher.flush()
    assert flusher._refused == set()
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"a", "b"}


def test_descriptors_are_closed_whether_the_flush_works_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    Flusher(tmp_path).flush()

    def fails(number: int) -> None:
        raise OSError(5, "x")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(OSError, match="x"):
            Flusher(tmp_path).flush()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
