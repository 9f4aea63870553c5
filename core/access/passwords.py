"""Passwords as scrypt hashes (RFC 7914, from the standard library), with a salt each."""

from __future__ import annotations

import hashlib
import hmac
import secrets

SHORTEST = 8
#: Longest password, characters.
LONGEST = 1000

#: Replaces the hash of an unknown person: checking it takes the same time and always fails.
NOBODY = f"scrypt${'00' * 16}$"

#: scrypt's cost: 16 MiB and about 50 ms per attempt.
_N, _R, _P = 2**14, 8, 1


def hashed(password: str) -> str:
    """Return a password as it is stored: ``scrypt$SALT$DIGEST``, both in hexadecimal digits."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_digest(password, salt)}"


def matches(password: str, stored: str) -> bool:
    """Return whether a stored hash is this password's; does the same work whatever the answer.

    An empty password matches nothing.
    """
    _, salt, digest = stored.split("$")
    same = hmac.compare_digest(_digest(password[:LONGEST], bytes.fromhex(salt)), digest)
    return same and 0 < len(password) <= LONGEST


def check_stored(stored: str) -> None:
    """Raise ``ValueError`` for what is no stored hash."""
    kind, salt, digest = stored.split("$")
    if kind != "scrypt" or not bytes.fromhex(salt) or not bytes.fromhex(digest):
        raise ValueError(f"no stored password: {kind}")


def _digest(password: str, salt: bytes) -> str:
    raw = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=_N, r=_R, p=_P).hex()
