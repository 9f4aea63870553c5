from __future__ import annotations

from pathlib import Path

import pytest

from core.access.event_tokens import ENVIRONMENT, EventTokens, TokenKind
from core.errors import SettingsError


def test_a_token_is_known_until_it_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    mine, other = EventTokens(path), EventTokens(path)
    assert not mine.any()
    text = mine.add("shop", TokenKind.PAGE)
    token = other.check(text)  # another process
    assert token is not None
    assert (token.name, token.kind) == ("shop", TokenKind.PAGE)
    assert text not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert other.check(text[:-1]) is other.check("") is other.check("x" * 10_000) is None
    mine.remove("shop")
    assert other.check(text) is None


def test_a_token_of_the_environment_is_a_servers(tmp_path: Path) -> None:
    tokens = EventTokens(tmp_path / "tokens.json", "s" * 30)
    assert tokens.any()
    token = tokens.check("s" * 30)
    assert token is not None
    assert (token.name, token.kind) == (ENVIRONMENT, TokenKind.SERVER)
    assert tokens.check("s" * 29) is None


def test_names_are_checked(tmp_path: Path) -> None:
    tokens = EventTokens(tmp_path / "tokens.json")
    tokens.add("shop", TokenKind.SERVER)
    for name, word in (("shop", "already"), ("../x", "letters"), ("", "letters")):
        with pytest.raises(SettingsError, match=word):
            tokens.add(name, TokenKind.SERVER)
    with pytest.raises(SettingsError, match="no token “lamp”"):
        tokens.remove("lamp")


@pytest.mark.parametrize("text", ["{", "[]", '{"a": {"kind": "page"}}', '{"a": {"kind": "boss"}}'])
def test_a_damaged_file_opens_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="damaged"):
        EventTokens(path).check("x")
