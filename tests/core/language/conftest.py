"""Fixtures of the agent's tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.language import batch_exchange
from tests.core.language.messages_server import MessagesServer
from tests.core.language.rewriting_shop import Shop, copy_shop, good_answer, index_shop


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    """A server that answers from a script, or by ``respond``."""
    running = MessagesServer()
    yield running
    running.close()
    assert not running.problems


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with an indexed catalogue; never written to."""
    data_dir = tmp_path_factory.mktemp("indexed") / "data"
    index_shop(data_dir)
    return data_dir


@pytest.fixture(autouse=True)
def listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' server lists a batch as soon as it has taken it, unless a test says otherwise."""
    monkeypatch.setattr(batch_exchange, "LISTED_WITHIN", timedelta(0))


@pytest.fixture
def shop(indexed: Path, tmp_path: Path, server: MessagesServer) -> Shop:
    """Use cases over a copy of it, with a server that gives good answers."""
    server.respond = good_answer
    return copy_shop(indexed, tmp_path / "data", server)
