"""Tokens of shops as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

from core.access.event_tokens import EventTokens
from tests.command import Ended, command


def experiments(data: Path, *words: str) -> Ended:
    return command("experiments", *words, "--data-dir", data)


def test_tokens_are_made_listed_and_removed(tmp_path: Path) -> None:
    assert "add-token NAME" in experiments(tmp_path, "tokens").stdout
    made = experiments(tmp_path, "add-token", "shop", "--page", "--json")
    assert made.returncode == 0, made.stderr
    token = json.loads(made.stdout)["token"]
    assert EventTokens(tmp_path / "event-tokens.json").check(token)
    listed = experiments(tmp_path, "tokens").stdout
    assert listed.startswith("shop: for a shop's page, made on ")
    assert token not in listed
    assert experiments(tmp_path, "remove-token", "shop").returncode == 0
    again = experiments(tmp_path, "remove-token", "shop")
    assert (again.returncode, again.stderr.strip()) == (2, "Error: There is no token “shop”.")


def test_a_servers_token_is_shown_with_how_to_use_it(tmp_path: Path) -> None:
    shown = experiments(tmp_path, "add-token", "shop").stdout
    assert "Keep it secret. Send it as: Authorization: Bearer TOKEN." in shown
