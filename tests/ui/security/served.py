"""The real app on a small shop, served over real HTTP, and visitors who send raw requests."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from core.people import People, Role
from core.settings import load_settings
from tests.ui.shop import Shop
from ui.serving import PageServer

PASSWORDS = {role: f"the {role.value} secret" for role in Role}
API = "/gradio_api"
#: A picture of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da"
    "63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def shop_in(folder: Path, **settings: Any) -> Shop:
    """Make a small shop whose data directory is ``folder``."""
    shop = Shop()
    shop.settings = load_settings(profile="compact", data_dir=folder, **settings)
    shop.people = People.from_settings(shop.settings)
    return shop


def with_people(shop: Shop) -> Shop:
    """Add one person per role to the shop, each named like the role."""
    for role, password in PASSWORDS.items():
        shop.people.add(role.value, role, password)
    return shop


@contextmanager
def served(shop: Shop, **options: Any) -> Iterator[str]:
    """Serve the pages of a shop on a free port, with options of uvicorn; gives the address."""
    from ui.web_app import build_app

    with run_app(build_app(shop), **options) as url:
        yield url


@contextmanager
def run_app(app: Any, port: int = 0, **options: Any) -> Iterator[str]:
    """Serve an application in a thread of this process, on a free port; gives the address."""
    # Bound here, since another process may take a port that is free; with the protocol named,
    # asyncio sends small packets at once.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    port = int(listening.getsockname()[1])
    config = uvicorn.Config(
        app, port=port, log_level="warning", proxy_headers=False,
        timeout_graceful_shutdown=1, **options,
    )  # fmt: skip
    server = PageServer(config, lambda: None)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
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
        thread.join(5)  # a daemon: one that still waits for something ends with the process


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def file_data(path: str, **more: Any) -> dict[str, Any]:
    """Return what Gradio's pages send for an uploaded file."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


class Visitor:
    """One browser without a screen: keeps cookies, sends what it is told to."""

    def __init__(self, url: str, role: Role | None = None) -> None:
        self.http = httpx.Client(
            base_url=url, timeout=30, follow_redirects=False, verify=False
        )  # no TLS here: reading the certificates of the world takes longer than a request
        self.session = f"s{time.monotonic_ns():x}"
        self.http.get("/")
        if role is not None:
            answer = self.http.post(
                "/login", data={"username": role.value, "password": PASSWORDS[role]}
            )
            assert answer.status_code == 200, answer.text
            # The client of the tests speaks plain HTTP, where a browser keeps no Secure cookie.
            for cookie in self.http.cookies.jar:
                cookie.secure = False

    def config(self) -> dict[str, Any]:
        """Return the running app's own description of its pages."""
        answer = self.http.get("/config")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, name: str = "items.csv", content: bytes = b"a,b\n") -> httpx.Response:
        """Send one file as the pages do."""
        return self.http.post(f"{API}/upload", files=[("files", (name, content))])

    def uploaded(self, name: str = "items.csv", content: bytes = b"a,b\n") -> str:
        """Send one file; gives the path under which the server keeps it."""
        answer = self.upload(name, content)
        assert answer.status_code == 200, answer.text
        return answer.json()[0]

    def join(self, fn: int, data: list[Any], **more: Any) -> httpx.Response:
        """Ask for an event through the queue."""
        body = {"fn_index": fn, "data": data, "session_hash": self.session, **more}
        return self.http.post(f"{API}/queue/join", json=body)

    def outcome(self) -> dict[str, Any]:
        """Return the completed message of the event that was joined last."""
        return next(iter(self.outcomes(None).values()))

    def outcomes(self, event_ids: set[str] | None) -> dict[str, dict[str, Any]]:
        """Return the completed messages of these events, by id; ``None`` waits for any one."""
        outcomes: dict[str, dict[str, Any]] = {}
        with self.http.stream(
            "GET", f"{API}/queue/data", params={"session_hash": self.session}
        ) as stream:
            assert stream.status_code == 200, stream.read()
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line[5:])
                    if message["msg"] in ("process_completed", "unexpected_error"):
                        outcomes[message.get("event_id", "")] = message
                        if event_ids is None or event_ids <= outcomes.keys():
                            return outcomes
        raise AssertionError("the stream ended without an outcome")

    def file(self, path: str, **more: Any) -> httpx.Response:
        """Read a file by the route of Gradio's own."""
        return self.http.get(f"{API}/file={path}", **more)
