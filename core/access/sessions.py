"""Sign-in sessions, stored on disk so that they survive a restart.

The file holds hashes of the tokens, so its content can't be used to sign in. Each session has the
stamp of its person (``People.stamp``). The stamp changes with the person's role, password or entry
in the users file, in any process; a session with an outdated stamp has ended.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.base.locks import WRITE, file_lock
from core.base.shared_files import FRESH, latest, read_to_change, share
from core.errors import BucketError, StudioError

#: Duration of a sign-in, seconds.
LASTS = 14 * 24 * 3600
#: Most sessions of one person; a further sign-in ends the oldest.
_MOST = 20

#: By hash of the token: name, stamp, and when it ends (seconds since 1970).
_Sessions = dict[str, tuple[str, str, float]]
_log = logging.getLogger(__name__)


class Sessions:
    """The sessions of one studio, shared by all its processes.

    Args:
        path: The file.
        stamp: Returns a person's stamp; ``None`` for an unknown person.
        clock: Returns seconds since 1970.
    """

    def __init__(
        self,
        path: Path,
        stamp: Callable[[str], str | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._stamp = stamp
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at: tuple[int, ...] | None = None
        self._stored: _Sessions = {}
        # Sessions of this process alone, used if the disk can't be written.
        self._unsaved: _Sessions = {}
        self._ended: set[str] = set()

    def start(self, name: str) -> str:
        """Start a session for a person who has just signed in; return its token."""
        token = secrets.token_urlsafe(32)
        stamp = self._stamp(name)
        if stamp is None:
            return token  # the person was removed meanwhile
        entry = (name, stamp, self._clock() + LASTS)

        def add(sessions: _Sessions) -> None:
            own_sessions = sorted((s[2], key) for key, s in sessions.items() if s[0] == name)
            for _, key in own_sessions[: max(0, len(own_sessions) + 1 - _MOST)]:
                del sessions[key]
            sessions[_hashed(token)] = entry

        if not self._change(add):
            with self._lock:
                self._unsaved[_hashed(token)] = entry
        return token

    def name(self, token: str) -> str | None:
        """Return the person of a token; ``None`` if the session is unknown or has ended."""
        key = _hashed(token)
        with self._lock:
            self._read()
            session = self._unsaved.get(key) or self._stored.get(key)
            if session is None or key in self._ended:
                return None
        name, stamp, until = session
        alive = until > self._clock() and stamp == self._stamp(name)
        return name if alive else None

    def end(self, name: str) -> None:
        """End all sessions of a person, in all browsers."""

        def drop(sessions: _Sessions) -> None:
            for key in [key for key, session in sessions.items() if session[0] == name]:
                del sessions[key]

        done = self._change(drop)
        with self._lock:
            drop(self._unsaved)
            if not done:
                self._ended |= {key for key, s in self._stored.items() if s[0] == name}

    def _change(self, change: Callable[[_Sessions], None]) -> bool:
        """Change the stored sessions and drop ended ones; return whether the write succeeded."""
        try:
            with file_lock(self._path.with_suffix(".lock"), WRITE):
                with self._lock:
                    version = read_to_change(self._path)
                    self._read()
                    sessions = self._alive()
                change(sessions)
                # Outside the lock, so that a slow disk does not block ``name``.
                share(self._path, json.dumps(sessions), mode=0o600, over=version)
                with self._lock:
                    self._ended.clear()
                    self._read()
        except (OSError, StudioError) as error:
            _log.warning("Sign-ins are not stored, and end with this process: %s", error)
            return False
        return True

    def _alive(self) -> _Sessions:
        now = self._clock()
        return {
            key: (name, stamp, until)
            for key, (name, stamp, until) in self._stored.items()
            if key not in self._ended and until > now and stamp == self._stamp(name)
        }

    def _read(self, age: float = FRESH) -> None:
        """Update ``_stored`` from the file; an unreadable file counts as empty."""
        try:
            stat = latest(self._path, age).stat()
            stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if stamp == self._read_at:
                return
            raw = json.loads(self._path.read_text(encoding="utf-8"))
            self._stored = {
                str(key): (str(name), str(held), float(until))
                for key, (name, held, until) in raw.items()
            }
            self._read_at = stamp
        except FileNotFoundError:
            self._stored, self._read_at = {}, None
        except (OSError, BucketError, ValueError, TypeError, AttributeError) as error:
            if self._stored or self._read_at:
                _log.warning("%s can't be read; everybody signs in again: %s", self._path, error)
            self._stored, self._read_at = {}, None


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
