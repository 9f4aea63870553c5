from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import pytest

from core.access import passwords
from core.errors import AccessDenied, SettingsError
from core.people import Action, People, Person, Role
from core.settings import load_settings


def test_without_a_file_everybody_may_do_everything(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json")
    assert not people.sign_in
    people.require(None, Action.DELETE)
    assert people.may(None, Action.DELETE)


def test_settings_say_where_people_are_and_who_signs_them_in(tmp_path: Path) -> None:
    People(tmp_path / "users.json").add("ada", Role.ADMIN, "correct horse")
    people = People.from_settings(load_settings(data_dir=tmp_path))
    assert [person.name for person in people.all()] == ["ada"]
    assert (people.header, people.space) == ("", False)
    header = People.from_settings(load_settings(data_dir=tmp_path, user_header="X-User"))
    assert header.role("eve") is Role.VIEWER
    space = People.from_settings(load_settings(data_dir=tmp_path, space_sign_in=True))
    assert space.role(None) is Role.VIEWER


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
    server.require("ada", Action.LOOK)
    assert server.may("ada", Action.JUDGE)
    assert not server.may("ada", Action.LEAD)
    with pytest.raises(AccessDenied, match="needs the role merchandiser"):
        server.require("ada", Action.LEAD)
    for nobody in (None, "", "eve"):
        with pytest.raises(AccessDenied, match="Sign in"):
            server.require(nobody, Action.LOOK)
    people.add("ada", Role.ADMIN, "another one")
    assert server.all() == (Person("ada", Role.ADMIN),)
    people.add("bob", Role.ADMIN, "password")
    people.remove("ada")
    assert server.role("ada") is None


def test_nobody_signs_in_without_a_password(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json")
    people.add("ada", Role.ADMIN, "correct horse")
    for name in ("ada", "ghost", ""):
        for password in ("", "nobody", " "):
            assert not people.check(name, password)


def test_known_and_unknown_names_cost_the_same_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = People(tmp_path / "users.json")
    people.add("ada", Role.ADMIN, "correct horse")
    work: list[dict[str, int]] = []
    scrypt = hashlib.scrypt

    def counted(raw: bytes, *, salt: bytes, n: int, r: int, p: int) -> bytes:
        work.append({"n": n, "r": r, "p": p, "salt": len(salt)})
        return scrypt(raw, salt=salt, n=n, r=r, p=p)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    for name, password in (("ada", "wrong"), ("ghost", "wrong"), ("ada", ""), ("ghost", "")):
        work.clear()
        assert not people.check(name, password)
        assert work == [{"n": 2**14, "r": 8, "p": 1, "salt": 16}], (name, password)


def test_what_can_not_be_used_is_a_sentence(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json")
    with pytest.raises(SettingsError, match="at least 8"):
        people.add("ada", Role.ADMIN, "short")
    with pytest.raises(SettingsError, match="at most 1,000"):
        people.add("ada", Role.ADMIN, "x" * 1001)
    with pytest.raises(SettingsError, match="name has"):
        people.add("<b>", Role.ADMIN, "long enough")
    with pytest.raises(SettingsError, match="no user “eve”"):
        people.remove("eve")


def test_the_shortest_and_the_longest_password_are_allowed(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json")
    for length in (passwords.SHORTEST, passwords.LONGEST):
        people.add("ada", Role.ADMIN, "x" * length)
        assert people.check("ada", "x" * length)
        assert not people.check("ada", "x" * (length + 1))
    for length in (passwords.SHORTEST - 1, passwords.LONGEST + 1):
        with pytest.raises(SettingsError, match="A password has at least"):
            people.add("ada", Role.ADMIN, "x" * length)


def test_a_damaged_file_is_no_open_door(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text("{")
    for people in (People(path), People(path, "X-User"), People(path, space=True)):
        assert people.sign_in
        assert people.closed
        for name in (None, "", "ada"):
            assert people.role(name) is None
            with pytest.raises(AccessDenied, match="its log says why"):
                people.require(name, Action.LOOK)
        assert not people.check("ada", "correct horse")
        assert people.stamp("ada") is None
    with pytest.raises(SettingsError, match="damaged"):
        People(path).all()


def test_a_named_file_that_is_missing_or_empty_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    people = People.from_settings(load_settings(data_dir=tmp_path, users_file=path))
    assert people.sign_in
    assert people.closed
    assert people.role(None) is people.role("ada") is None
    path.write_text("{}")
    assert people.sign_in
    assert not people.closed
    assert people.role(None) is people.role("ada") is None
    people.add("ada", Role.VIEWER, "long enough")
    assert people.role("ada") is Role.VIEWER


def test_the_last_admin_stays_unless_it_is_said(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json")
    people.add("ada", Role.ADMIN, "long enough")
    people.add("bob", Role.VIEWER, "long enough")
    with pytest.raises(SettingsError, match=r"“ada” is the last admin.*--leave-no-admin"):
        people.remove("ada")
    with pytest.raises(SettingsError, match="last admin"):
        people.add("ada", Role.MERCHANDISER, "long enough")
    assert people.role("ada") is Role.ADMIN
    people.add("ada", Role.ADMIN, "another password")  # a new password is no loss
    people.remove("bob")
    people.add("eve", Role.ADMIN, "long enough")
    people.remove("ada")
    people.remove("eve", leave_no_admin=True)
    assert people.all() == ()
    assert not people.sign_in


def test_the_stamp_changes_with_role_password_and_presence(tmp_path: Path) -> None:
    people = People(tmp_path / "users.json")
    assert people.stamp("ada") is None
    stamps = []
    for role, password in (
        (Role.ADMIN, "long enough"), (Role.ADMIN, "long enough"), (Role.ADMIN, "another one"),
        (Role.VIEWER, "another one"),
    ):  # fmt: skip
        people.add("ada", role, password, leave_no_admin=True)
        stamps.append(people.stamp("ada"))
        assert people.stamp("ada") == stamps[-1]
    assert len(set(stamps)) == 4
    people.add("bob", Role.ADMIN, "long enough")
    people.remove("ada")
    assert people.stamp("ada") is None


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
        people.require("", Action.JUDGE)
    people.add("ada", Role.ANNOTATOR, "not asked for")
    people.require("ada", Action.JUDGE)
    with pytest.raises(AccessDenied, match="you are signed in as ada, annotator"):
        people.require("ada", Action.TRAIN)
