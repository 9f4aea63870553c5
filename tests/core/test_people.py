from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core.errors import AccessDenied, SettingsError
from core.people import People, Person, Role


def test_without_a_file_everybody_may_do_everything(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json")
    assert not people.sign_in
    people.require(None, Role.ADMIN)


def test_names_roles_and_passwords(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    people, server = People(path), People(path)
    people.add("ada", Role.ANNOTATOR, "correct horse")
    assert server.sign_in  # another process sees it
    assert server.check("ada", "correct horse")
    assert not server.check("ada", "correct horsE")
    assert not server.check("eve", "correct horse")
    assert "correct" not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    server.require("ada", Role.VIEWER)
    with pytest.raises(AccessDenied, match="needs the role merchandiser"):
        server.require("ada", Role.MERCHANDISER)
    for nobody in (None, "", "eve"):
        with pytest.raises(AccessDenied, match="Sign in"):
            server.require(nobody, Role.VIEWER)
    people.add("ada", Role.ADMIN, "another one")
    assert server.all() == (Person("ada", Role.ADMIN),)
    people.add("bob", Role.VIEWER, "password")
    people.remove("ada")
    assert server.role("ada") is None


def test_what_can_not_be_used_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    people = People(path)
    with pytest.raises(SettingsError, match="at least 8"):
        people.add("ada", Role.ADMIN, "short")
    with pytest.raises(SettingsError, match="name has"):
        people.add("<b>", Role.ADMIN, "long enough")
    path.write_text("{")
    with pytest.raises(SettingsError, match="damaged"):  # a damaged file is no open door
        people.require(None, Role.VIEWER)


def test_a_proxys_users_may_look_until_the_file_says_more(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json", header="X-User")
    assert people.role(None) is None
    assert people.role("ada") is Role.VIEWER
    people.add("ada", Role.ADMIN, "not asked for")
    assert people.role("ada") is Role.ADMIN


def test_on_a_space_visitors_look_and_named_people_act(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json", space=True)
    assert people.sign_in
    assert people.role(None) is people.role("") is people.role("ada") is Role.VIEWER
    with pytest.raises(AccessDenied, match="you are not signed in"):
        people.require("", Role.ANNOTATOR)
    people.add("ada", Role.ANNOTATOR, "not asked for")
    people.require("ada", Role.ANNOTATOR)
