"""The real app on a small shop, served over real HTTP, with one person per role."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from core.people import People, Role
from core.settings import load_settings
from tests.ui.shop import Shop

PASSWORD = "long enough"
Serve = Callable[[Shop], AbstractContextManager[str]]


def shop_in(folder: Path, **settings: Any) -> Shop:
    """A small shop whose data directory is ``folder``."""
    shop = Shop()
    shop.settings = load_settings(profile="compact", data_dir=folder, **settings)
    shop.people = People.from_settings(shop.settings)
    return shop


def with_people(shop: Shop) -> Shop:
    """The shop with one person per role, each named like the role."""
    for role in Role:
        shop.people.add(role.value, role, PASSWORD)
    return shop


@contextmanager
def served(shop: Shop) -> Iterator[str]:
    """Serve the pages of a shop on a free port; gives the address."""
    from ui.web_app import build_app

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(
        build_app(shop), port=port, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline, "the server did not start in time"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


def client(url: str, **options: Any) -> httpx.Client:
    """A browser without a screen, which follows no redirects."""
    return httpx.Client(base_url=url, timeout=60, **options)


def sign_in(http: httpx.Client, name: str, password: str = PASSWORD) -> httpx.Response:
    """Send the sign-in form as a program does."""
    return http.post("/login", data={"username": name, "password": password})


@pytest.fixture(scope="package", autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("temporary")))
        yield


@pytest.fixture(scope="package")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio where everybody signs in."""
    with served(with_people(shop_in(tmp_path_factory.mktemp("guarded")))) as url:
        yield url


@pytest.fixture(scope="package")
def open_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a studio without users: everybody is its owner."""
    with served(shop_in(tmp_path_factory.mktemp("open"))) as url:
        yield url
