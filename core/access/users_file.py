"""The users file: names, roles and hashed passwords; read again when it has changed."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.access.actions import Role
from core.access.passwords import check_stored
from core.base.locks import WRITE, file_lock
from core.base.shared_files import latest, read_to_change, share
from core.errors import BucketError, SettingsError

Users = Mapping[str, Mapping[str, str]]
_log = logging.getLogger(__name__)


class UsersFile:
    """A file of users.

    Args:
        path: The file.
        named: Whether a setting names the file. If so, a missing file is an error; if not, it is
            an error only after users were read from it.
    """

    def __init__(self, path: Path, *, named: bool = False) -> None:
        self.path = path
        self.named = named
        self._lock = threading.Lock()
        self._stamp: tuple[int, ...] | None = None
        self._users: Users = {}
        self._seen = False
        self._logged = ""

    def users(self) -> Users:
        """Return all users by name; empty if there is no file yet.

        Raises:
            SettingsError: The file can't be read, or is missing where it is required; the reason
                is logged, too.
        """
        with self._lock:
            try:
                self._read()
            except SettingsError as error:
                if str(error) != self._logged:
                    _log.error("Nobody may use the studio: %s", error)
                self._logged = str(error)
                raise
            self._logged = ""
            self._seen = self._seen or bool(self._users)
            return self._users

    def change(self, change: Callable[[dict[str, Mapping[str, str]]], None]) -> None:
        """Change the users under a lock and store them.

        Raises:
            SettingsError: The file is damaged or can't be written.
        """
        try:
            with file_lock(self.path.with_suffix(".lock"), WRITE, error=SettingsError):
                version = read_to_change(self.path)
                users = dict(_parsed(self.path)) if self.path.exists() else {}
                change(users)
                text = json.dumps(users, ensure_ascii=False, indent=2)
                share(self.path, text, mode=0o600, over=version)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SettingsError(f"The users file {self.path} can't be written: {reason}.") from None

    def _read(self) -> None:
        try:
            stat = latest(self.path).stat()
        except FileNotFoundError:
            if self.named or self._seen:
                raise SettingsError(f"The users file {self.path} is missing.") from None
            self._users, self._stamp = {}, None
            return
        except BucketError as error:
            raise SettingsError(str(error)) from None
        except OSError as error:
            raise _unreadable(self.path, error) from None
        stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if stamp != self._stamp:
            self._stamp = None
            self._users = _parsed(self.path)
            self._stamp = stamp


def _parsed(path: Path) -> Users:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for entry in data.values():
            Role(entry["role"])
            check_stored(entry["password"])
    except OSError as error:
        raise _unreadable(path, error) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SettingsError(f"The users file {path} is damaged; repair or remove it.") from None
    return data


def _unreadable(path: Path, error: OSError) -> SettingsError:
    reason = error.strerror or type(error).__name__
    return SettingsError(f"The users file {path} can't be read: {reason}.")
