from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from core.access import sessions as module
from core.access.sessions import LASTS, Sessions


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stamps() -> dict[str, str]:
    return {"ada": "1", "bob": "1"}


@pytest.fixture
def sessions(tmp_path: Path, stamps: dict[str, str]) -> Sessions:
    return Sessions(tmp_path / "sessions.json", stamps.get, Clock())


def test_a_session_survives_a_restart_and_its_token_is_not_on_disk(
    tmp_path: Path, sessions: Sessions, stamps: dict[str, str]
) -> None:
    token = sessions.start("ada")
    path = tmp_path / "sessions.json"
    again = Sessions(path, stamps.get, Clock())
    assert again.name(token) == sessions.name(token) == "ada"
    assert token not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for nonsense in ("", "x", token[:-1], next(iter(path.read_text().split('"')[1:2])), "\ud800"):
        assert again.name(nonsense) is None


def test_it_ends_with_another_stamp_or_without_one(
    sessions: Sessions, stamps: dict[str, str]
) -> None:
    ada, bob = sessions.start("ada"), sessions.start("bob")
    stamps["ada"] = "2"
    assert sessions.name(ada) is None
    del stamps["bob"]
    assert sessions.name(bob) is None
    stamps["bob"] = "2"  # added again is somebody new
    assert sessions.name(bob) is None
    assert sessions.name(sessions.start("bob")) == "bob"
    assert sessions.name(sessions.start("nobody")) is None


def test_it_has_ended_at_the_very_second(tmp_path: Path, stamps: dict[str, str]) -> None:
    clock = Clock()
    sessions = Sessions(tmp_path / "sessions.json", stamps.get, clock)
    token = sessions.start("ada")
    clock.now += LASTS
    assert sessions.name(token) is None


def test_it_ends_after_two_weeks(tmp_path: Path, stamps: dict[str, str]) -> None:
    clock = Clock()
    sessions = Sessions(tmp_path / "sessions.json", stamps.get, clock)
    token = sessions.start("ada")
    clock.now += LASTS - 1
    assert sessions.name(token) == "ada"
    clock.now += 2
    assert sessions.name(token) is None
    sessions.start("bob")
    assert '"ada"' not in (tmp_path / "sessions.json").read_text()


def test_signing_out_ends_all_of_a_person_in_every_process(
    tmp_path: Path, sessions: Sessions, stamps: dict[str, str]
) -> None:
    other = Sessions(tmp_path / "sessions.json", stamps.get, Clock())
    first, second, bob = sessions.start("ada"), other.start("ada"), sessions.start("bob")
    assert other.name(first) == sessions.name(second) == "ada"
    other.end("ada")
    assert sessions.name(first) is sessions.name(second) is other.name(first) is None
    assert sessions.name(bob) == "bob"


def test_the_oldest_of_many_browsers_is_signed_out(
    tmp_path: Path, stamps: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 3)
    clock = Clock()
    sessions = Sessions(tmp_path / "sessions.json", stamps.get, clock)
    bob = sessions.start("bob")
    tokens = []
    for _ in range(5):
        clock.now += 1
        tokens.append(sessions.start("ada"))
    assert [sessions.name(token) for token in tokens] == [None, None, "ada", "ada", "ada"]
    assert sessions.name(bob) == "bob"


@pytest.mark.parametrize("text", ["{", "[]", '{"x": 1}', '{"x": ["ada", "1", "soon"]}', ""])
def test_a_damaged_file_signs_everybody_out_and_works_again(
    tmp_path: Path, sessions: Sessions, text: str
) -> None:
    token = sessions.start("ada")
    (tmp_path / "sessions.json").write_text(text)
    assert sessions.name(token) is None
    assert sessions.name(sessions.start("ada")) == "ada"


def test_a_disk_that_takes_nothing_keeps_nobody_out(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored = sessions.start("ada")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "share", full)
    with caplog.at_level(logging.WARNING):
        token = sessions.start("ada")
    assert sessions.name(token) == sessions.name(stored) == "ada"
    assert token not in caplog.text
    sessions.end("ada")
    assert sessions.name(token) is sessions.name(stored) is None
    monkeypatch.undo()
    sessions.start("bob")
    assert sessions.name(token) is sessions.name(stored) is None
