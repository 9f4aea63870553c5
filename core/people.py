"""People and their rights: names, roles and hashed passwords in one file (``core/access``).

Without the file there is one local user with all rights. If the file can't be read, nobody has any
rights.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.access import passwords
from core.access.actions import Action as Action
from core.access.actions import Role as Role
from core.access.users_file import Users, UsersFile
from core.errors import AccessDenied, SettingsError, no_such
from core.settings import Settings

NAME = re.compile(r"[\w .@+-]{1,60}")
#: Sentence for everybody while the users file can't be read.
CLOSED = "Nobody can use this studio at the moment; its log says why."
_LAST_ADMIN = (
    "“{name}” is the last admin: without one, nobody can index, train or delete on the pages. "
    "Make somebody else an admin first, or say --leave-no-admin."
)


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the users file."""

    name: str
    role: Role


class People:
    """All people and their rights; changes by other processes take effect at the next access.

    Args:
        path: The users file; without one, nobody has to sign in.
        header: Request header in which a trusted proxy or hosting platform names the signed-in
            user; then no password is needed, and a person who is not in the file is a viewer.
        space: Whether the hosting platform signs people in; people who are not in the file, and
            visitors without sign-in, are viewers.
        named: Whether a setting names the file; then nobody has rights while it is missing.
    """

    def __init__(
        self, path: Path, header: str = "", *, space: bool = False, named: bool = False
    ) -> None:
        self._file = UsersFile(path, named=named)
        self.header = header
        self.space = space

    @classmethod
    def from_settings(cls, settings: Settings) -> People:
        """Create the people of a studio with these settings."""
        return cls(
            settings.users_file or settings.data_dir / "users.json",
            settings.user_header,
            space=settings.space_sign_in,
            named=settings.users_file is not None,
        )

    @property
    def closed(self) -> bool:
        """Whether nobody has rights because the users file can't be read."""
        return self._users() is None

    @property
    def sign_in(self) -> bool:
        """Whether people have to sign in."""
        return bool(self.header or self.space or self._file.named) or self._users() != {}

    def all(self) -> tuple[Person, ...]:
        """Return all people in the users file, by name.

        Raises:
            SettingsError: The users file can't be read.
        """
        users = self._file.users()
        return tuple(Person(name, Role(entry["role"])) for name, entry in sorted(users.items()))

    def annotators(self) -> tuple[str, ...]:
        """Return the names of those in the users file who judge and don't lead.

        Raises:
            SettingsError: The users file can't be read.
        """
        return tuple(person.name for person in self.all() if person.role is Role.ANNOTATOR)

    def role(self, name: str | None) -> Role | None:
        """Return a person's role; ``None`` means no rights."""
        users = self._users()
        if users is None:
            return None
        if not self.sign_in:
            return Role.ADMIN
        if not name:
            return Role.VIEWER if self.space else None
        entry = users.get(name)
        if entry is not None:
            return Role(entry["role"])
        return Role.VIEWER if self.header or self.space else None

    def may(self, name: str | None, action: Action) -> bool:
        """Tell whether a person may do an action."""
        role = self.role(name)
        return role is not None and role.includes(action.role)

    def require(self, name: str | None, action: Action) -> None:
        """Raise ``AccessDenied`` if a person may not do an action."""
        role = self.role(name)
        if role is None:
            raise AccessDenied(CLOSED if self.closed else "Sign in first.")
        if not role.includes(action.role):
            who = f"signed in as {name}, {role.value}" if name else "not signed in"
            raise AccessDenied(
                f"This needs the role {action.role.value}; you are {who}. "
                "Ask an admin of this studio."
            )

    def check(self, name: str, password: str) -> bool:
        """Tell whether the password is correct; takes the same time for unknown names."""
        entry = (self._users() or {}).get(name)
        return passwords.matches(password, entry["password"] if entry else passwords.NOBODY)

    def stamp(self, name: str) -> str | None:
        """Return a value that changes with a person's role or password; ``None`` if unknown."""
        entry = (self._users() or {}).get(name)
        if entry is None:
            return None
        raw = json.dumps([name, entry["role"], entry["password"]])
        return hashlib.sha256(raw.encode()).hexdigest()

    def add(self, name: str, role: Role, password: str, *, leave_no_admin: bool = False) -> None:
        """Add a person, or change their role and password; their sessions end.

        Raises:
            SettingsError: The name or the password is not allowed; or it would change the role of
                the last admin without ``leave_no_admin``.
        """
        if not NAME.fullmatch(name) or name != name.strip():
            raise SettingsError(
                "A name has 1 to 60 letters, digits, spaces or . @ + - _ characters."
            )
        if not passwords.SHORTEST <= len(password) <= passwords.LONGEST:
            raise SettingsError(
                f"A password has at least {passwords.SHORTEST} characters, "
                f"and at most {passwords.LONGEST:,}."
            )
        entry = {"role": role.value, "password": passwords.hashed(password)}

        def put(users: dict[str, Mapping[str, str]]) -> None:
            if role is not Role.ADMIN and not leave_no_admin:
                _keep_an_admin(users, name)
            users[name] = entry

        self._file.change(put)

    def remove(self, name: str, *, leave_no_admin: bool = False) -> None:
        """Remove a person and end their sessions; their labels stay.

        Raises:
            SettingsError: There is no such person; or it is the last admin and
                ``leave_no_admin`` is not set.
        """

        def drop(users: dict[str, Mapping[str, str]]) -> None:
            if name not in users:
                raise no_such(SettingsError, "user", name)
            if not leave_no_admin:
                _keep_an_admin(users, name)
            del users[name]

        self._file.change(drop)

    def _users(self) -> Users | None:
        """Return the users, or ``None`` if the file can't be read."""
        try:
            return self._file.users()
        except SettingsError:
            return None


def _keep_an_admin(users: Mapping[str, Mapping[str, str]], name: str) -> None:
    admins = {admin for admin, entry in users.items() if entry["role"] == Role.ADMIN}
    if admins == {name}:
        raise SettingsError(_LAST_ADMIN.format(name=name))
