"""Tokens with which shops send events: names, kinds and hashes in one file.

A token has 192 random bits, so a plain SHA-256 is enough: nobody can try that many.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.base.locks import WRITE, file_lock
from core.base.shared_files import latest, read_to_change, share
from core.errors import SettingsError, no_such

#: Name of the token that a setting holds.
ENVIRONMENT = "VLCLIP_EVENTS_TOKEN"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_LONGEST = 200


class TokenKind(StrEnum):
    """Who holds a token: a shop's server keeps it secret, a shop's page shows it to everybody."""

    SERVER = "server"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class EventToken:
    """A token as it is stored: its name, its kind, and the day it was made."""

    name: str
    kind: TokenKind
    made: str = ""


class EventTokens:
    """The tokens of a data directory; changes by other processes count at the next access.

    Args:
        path: The file; there are no tokens while it is missing.
        server_token: One more server's token, from the environment.
    """

    def __init__(self, path: Path, server_token: str = "") -> None:
        self._path = path
        self._server_hash = _hashed(server_token) if server_token else ""
        self._stamp: tuple[int, ...] | None = None
        self._by_hash: dict[str, EventToken] = {}

    def all(self) -> tuple[EventToken, ...]:
        """Return the stored tokens by name, without that of the environment.

        Raises:
            SettingsError: The file can't be read.
        """
        return tuple(sorted(self._read().values(), key=lambda token: token.name))

    def any(self) -> bool:
        """Tell whether somebody may send events."""
        return bool(self._server_hash or self._read())

    def check(self, text: str) -> EventToken | None:
        """Return the token that a sender shows; ``None`` if there is no such token.

        Raises:
            SettingsError: The file can't be read.
        """
        if not text or len(text) > _LONGEST:
            return None
        shown = _hashed(text)
        if self._server_hash and hmac.compare_digest(shown, self._server_hash):
            return EventToken(ENVIRONMENT, TokenKind.SERVER)
        return self._read().get(shown)

    def add(self, name: str, kind: TokenKind) -> str:
        """Make a token and store its hash; return the token, which is shown this once.

        Raises:
            SettingsError: The name is taken or not allowed, or the file can't be written.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"“{name[:60]}” can't name a token: use 1 to 60 small letters, digits, dots or "
                "hyphens."
            )
        token = f"vlclip-{kind.value}-{secrets.token_urlsafe(24)}"

        def put(entries: dict[str, Any]) -> None:
            if name in entries:
                raise SettingsError(f"There is a token “{name}” already; remove it first.")
            made = datetime.now(UTC).date().isoformat()
            entries[name] = {"kind": kind.value, "hash": _hashed(token), "made": made}

        self._change(put)
        return token

    def remove(self, name: str) -> None:
        """Remove a token; who sends with it is refused from now on.

        Raises:
            SettingsError: There is none of that name, or the file can't be written.
        """

        def drop(entries: dict[str, Any]) -> None:
            if name not in entries:
                raise no_such(SettingsError, "token", name, sorted(entries))
            del entries[name]

        self._change(drop)

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        try:
            with file_lock(self._path.with_suffix(".lock"), WRITE, error=SettingsError):
                version = read_to_change(self._path)
                entries = _parsed(self._path) if self._path.exists() else {}
                change(entries)
                share(self._path, json.dumps(entries, indent=1), mode=0o600, over=version)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SettingsError(f"The tokens {self._path} can't be written: {reason}.") from None

    def _read(self) -> dict[str, EventToken]:
        """Return hash → token, read again when the file has changed."""
        try:
            stat = latest(self._path).stat()
        except OSError:
            self._stamp, self._by_hash = None, {}
            return self._by_hash
        stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if stamp != self._stamp:
            self._by_hash = {
                entry["hash"]: EventToken(name, TokenKind(entry["kind"]), str(entry["made"]))
                for name, entry in _parsed(self._path).items()
            }
            self._stamp = stamp
        return self._by_hash


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _parsed(path: Path) -> dict[str, Any]:
    try:
        entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for entry in entries.values():
            TokenKind(entry["kind"])
            if not re.fullmatch(r"[0-9a-f]{64}", entry["hash"]) or "made" not in entry:
                raise ValueError(entry)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError(f"The tokens {path} can't be read: {reason}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise SettingsError(f"The tokens {path} are damaged; repair or remove the file.") from None
    return entries
