from __future__ import annotations

import hashlib

import pytest

from core.access import passwords


def test_a_hash_is_salted_and_matches_its_password_only() -> None:
    first, second = passwords.hashed("correct horse"), passwords.hashed("correct horse")
    assert first != second
    assert "correct" not in first
    assert passwords.matches("correct horse", first)
    for wrong in ("correct horsE", "", "correct horse ", "\ud800"):
        assert not passwords.matches(wrong, first)


def test_an_empty_password_matches_nothing() -> None:
    digest = hashlib.scrypt(b"", salt=b"s" * 16, n=2**14, r=8, p=1).hex()
    assert not passwords.matches("", f"scrypt${(b's' * 16).hex()}${digest}")
    assert not passwords.matches("", passwords.NOBODY)


def test_nobody_has_no_password_at_all() -> None:
    for guess in ("", "nobody", "00", "0" * 128):
        assert not passwords.matches(guess, passwords.NOBODY)


def test_an_endless_password_is_no_password() -> None:
    long = "x" * (passwords.LONGEST + 1)
    assert not passwords.matches(long, passwords.hashed(long[:-1]))
    assert passwords.matches(long[:-1], passwords.hashed(long[:-1]))


def test_what_is_no_hash_is_an_error() -> None:
    passwords.check_stored(passwords.hashed("correct horse"))
    for stored in ("", "plain", "scrypt$$", "scrypt$zz$00", "md5$00$00", passwords.NOBODY):
        with pytest.raises(ValueError):  # noqa: PT011
            passwords.check_stored(stored)
