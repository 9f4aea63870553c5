"""Who may do what: names, roles and hashed passwords in one small file.

Without the file there is one local user who may do everything. Passwords are kept as scrypt hashes
(RFC 7914, from the standard library) with a salt each.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.errors import AccessDenied, SettingsError

SHORTEST_PASSWORD = 8
NAME = re.compile(r"[\w .@+-]{1,60}")

#: scrypt's cost: 16 MiB and some 50 ms a try.
_N, _R, _P = 2**14, 8, 1


class Role(StrEnum):
    """What somebody may do; each role may do what the ones before it may."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    MERCHANDISER = "merchandiser"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether this role may do what the other one may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a sign-in."""

    name: str
    role: Role


class People:
    """The users file; changes by other processes are seen at the next look.

    Args:
        path: The file; nobody needs to sign in while it is missing.
        header: Request header in which a trusted proxy or hosting platform names the signed-in
            user; passwords are not asked for then, and who is not in the file may only look.
        space: The hosting platform signs people in, and lets visitors in who have not: both may
            only look unless the file says more.
    """

    def __init__(self, path: Path, header: str = "", *, space: bool = False) -> None:
        self._path = path
        self.header = header
        self.space = space
        self._lock = threading.Lock()
        self._read_at: tuple[int, int] | None = None
        self._known: dict[str, dict[str, str]] = {}

    @property
    def sign_in(self) -> bool:
        """Whether people have to say who they are."""
        return bool(self.header or self.space or self._users())

    def all(self) -> tuple[Person, ...]:
        """Everybody with a sign-in, by name."""
        return tuple(
            Person(name, Role(entry["role"])) for name, entry in sorted(self._users().items())
        )

    def role(self, name: str | None) -> Role | None:
        """What this person may do; ``None`` is nothing at all."""
        if not self.sign_in:
            return Role.ADMIN
        if not name:
            return Role.VIEWER if self.space else None
        entry = self._users().get(name)
        if entry is not None:
            return Role(entry["role"])
        return Role.VIEWER if self.header or self.space else None

    def check(self, name: str, password: str) -> bool:
        """Whether the password is this person's; takes as long for unknown names."""
        entry = self._users().get(name)
        stored = entry["password"] if entry else _hashed("", b"nobody")
        _, salt, digest = stored.split("$")
        found = _digest(password, bytes.fromhex(salt))
        return hmac.compare_digest(found, digest) and entry is not None

    def require(self, name: str | None, role: Role) -> None:
        """Raise ``AccessDenied`` where this person may not do what a role may."""
        mine = self.role(name)
        if mine is None:
            raise AccessDenied("Sign in first (no sign-in page? Then restart the studio).")
        if not mine.includes(role):
            who = f"signed in as {name}, {mine.value}" if name else "not signed in"
            raise AccessDenied(
                f"This needs the role {role.value}; you are {who}. Ask an admin of this studio."
            )

    def add(self, name: str, role: Role, password: str) -> None:
        """Add somebody, or give them a new role and password.

        Raises:
            SettingsError: The name or the password can't be used.
        """
        if not NAME.fullmatch(name) or name != name.strip():
            raise SettingsError(
                "A name has 1 to 60 letters, digits, spaces or . @ + - _ characters."
            )
        if len(password) < SHORTEST_PASSWORD:
            raise SettingsError(f"A password has at least {SHORTEST_PASSWORD} characters.")
        self._change(name, {"role": role.value, "password": _hashed(password)})

    def remove(self, name: str) -> None:
        """Take somebody's sign-in away; their labels stay.

        Raises:
            SettingsError: There is no such person.
        """
        if name not in self._users():
            raise SettingsError(f"There is no user “{name[:60]}”.")
        self._change(name, None)

    def _change(self, name: str, entry: dict[str, str] | None) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._path.with_suffix(".lock")):
            users = dict(self._users())
            users.pop(name, None)
            if entry is not None:
                users[name] = entry
            partial = self._path.with_suffix(f".{os.getpid()}.part")
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(users, file, ensure_ascii=False, indent=2)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)

    def _users(self) -> Mapping[str, dict[str, str]]:
        with self._lock:
            try:
                stat = self._path.stat()
            except FileNotFoundError:
                self._known, self._read_at = {}, None
                return self._known
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._read_at:
                self._known, self._read_at = _parsed(self._path), stamp
            return self._known


def _parsed(path: Path) -> dict[str, dict[str, str]]:
    """The file's users; a damaged file is an error, not an open door."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for entry in data.values():
            Role(entry["role"])
            kind, salt, _ = entry["password"].split("$")
            if kind != "scrypt":
                raise ValueError(kind)
            bytes.fromhex(salt)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise SettingsError(f"The users file {path} is damaged; repair or remove it.") from None
    return data


def _hashed(password: str, salt: bytes = b"") -> str:
    salt = salt or secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_digest(password, salt)}"


def _digest(password: str, salt: bytes) -> str:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P).hex()
