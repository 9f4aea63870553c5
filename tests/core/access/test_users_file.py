from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path

import pytest

from core.access import users_file as module
from core.access.passwords import hashed
from core.access.users_file import UsersFile
from core.base.locks import file_lock
from core.errors import SettingsError

ENTRY = {"role": "admin", "password": hashed("long enough")}


def put(file: UsersFile, *names: str) -> None:
    file.change(lambda users: users.update(dict.fromkeys(names, ENTRY)))


def test_there_is_none_until_somebody_is_added(tmp_path: Path) -> None:
    file = UsersFile(tmp_path / "new" / "users.json")
    assert file.users() == {}
    put(file, "ada")
    assert set(file.users()) == {"ada"}


def test_a_named_file_that_is_missing_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = UsersFile(tmp_path / "users.json", named=True)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            with pytest.raises(SettingsError, match="is missing"):
                file.users()
    assert len(caplog.records) == 1  # told once, not at every request
    assert str(file.path) in caplog.text
    put(file, "ada")  # the command can still make it
    assert set(file.users()) == {"ada"}


def test_a_file_that_goes_away_opens_nothing(tmp_path: Path) -> None:
    file = UsersFile(tmp_path / "users.json")
    put(file, "ada")
    assert file.users()
    file.path.unlink()
    with pytest.raises(SettingsError, match="is missing"):
        file.users()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "null", '{"ada": {}}', '{"ada": {"role": "owner", "password": "scrypt$00$00"}}',
     '{"ada": {"role": "admin", "password": ""}}', '{"ada": null}', "[" * 100_000],
)  # fmt: skip
def test_a_damaged_file_is_an_error(tmp_path: Path, text: str) -> None:
    file = UsersFile(tmp_path / "users.json")
    put(file, "ada")
    file.users()
    file.path.write_text(text)
    for _ in range(2):
        with pytest.raises(SettingsError, match="damaged"):
            file.users()
    with pytest.raises(SettingsError, match="damaged"):
        put(file, "eve")
    assert file.path.read_text() == text
    file.path.write_text(json.dumps({"bob": ENTRY}))
    assert set(file.users()) == {"bob"}


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "users.json").mkdir()
    file = UsersFile(tmp_path / "users.json")
    with pytest.raises(SettingsError, match="can't be read: Is a directory"):
        file.users()
    with pytest.raises(SettingsError, match="can't be"):
        put(file, "ada")
    below = UsersFile(tmp_path / "file" / "users.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="can't be read"):
        below.users()


def test_why_it_can_not_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "share", full)
    with pytest.raises(SettingsError, match="can't be written: No space left on device"):
        put(UsersFile(tmp_path / "users.json"), "ada")


def test_a_change_within_one_tick_of_the_clock_is_seen(tmp_path: Path) -> None:
    file = UsersFile(tmp_path / "users.json")
    put(file, "ada")
    file.users()
    stat = file.path.stat()
    put(file, "bob")
    os.utime(file.path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert set(file.users()) == {"ada", "bob"}


def test_changes_at_one_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    threads = [threading.Thread(target=put, args=(UsersFile(path), f"u{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(UsersFile(path).users()) == 8


def test_a_file_that_others_are_writing_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE", 0.05)
    file = UsersFile(tmp_path / "users.json")
    with (
        file_lock(tmp_path / "users.lock", 1.0),
        pytest.raises(SettingsError, match="Others are writing"),
    ):
        file.change(dict.clear)
