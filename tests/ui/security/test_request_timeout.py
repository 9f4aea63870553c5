"""Visitors who are slow on purpose, or hold very many requests open, over real connections."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.requests import HTTPConnection

from core.people import Role
from tests.ui.security.served import API, Visitor, served, shop_in
from ui import request_timeout
from ui.request_timeout import RequestTimeoutProtocol, allow_many_connections
from ui.security import events, open_requests
from ui.signin.sign_in import SignIn


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A studio that waits for half a second where the real one waits for half a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request_timeout, "HEAD", 0.5)
        patch.setattr(request_timeout, "LEAST", 200)
        patch.setattr(events, "PATIENCE", 0.5)
        patch.setattr(open_requests, "PER_ADDRESS", 4)
        patch.setattr(open_requests, "PER_PERSON", 4)
        shop = shop_in(tmp_path_factory.mktemp("hasty"))
        with served(shop, http=RequestTimeoutProtocol) as url:
            yield url


def connect(url: str) -> socket.socket:
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


@pytest.mark.parametrize("sent", [
    b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
    b"GET /theme.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTTP/1.1\r\nX: ",
])  # fmt: skip
def test_a_request_that_never_ends_is_hung_up_on(hasty: str, sent: bytes) -> None:
    with connect(hasty) as connection:
        connection.sendall(sent)
        answer, deadline = b"", time.monotonic() + 8
        connection.settimeout(0.1)
        while time.monotonic() < deadline:
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                try:  # a byte now and then changes nothing
                    connection.sendall(b"x" if sent else b"")
                except OSError:
                    break
                continue
            except OSError:
                break
            if not piece:
                break
            answer += piece
        assert time.monotonic() < deadline, "the connection is still open"
        assert answer.startswith(b"HTTP/1.1 200") == (b"theme" in sent)


def test_a_connection_is_kept_while_whole_requests_come(
    hasty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_timeout, "HEAD", 3.0)
    with connect(hasty) as connection:
        end = time.monotonic() + 3.5
        while time.monotonic() < end:
            connection.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 303")
            time.sleep(0.05)


def test_an_event_that_drips_is_refused(hasty: str) -> None:
    head = (
        f"POST {API}/queue/join HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with connect(hasty) as connection:
        connection.sendall(head.encode())
        assert connection.recv(65_536).startswith(b"HTTP/1.1 408")


def is_closed_while_dripping(connection: socket.socket) -> bool:
    """Tell whether the server closes a connection on which a byte comes now and then."""
    deadline = time.monotonic() + 8
    try:
        while time.monotonic() < deadline:
            connection.sendall(b"x")
            time.sleep(0.05)
    except OSError:
        return True
    return False


@pytest.mark.parametrize(("path", "kind"), [
    ("/login", "application/x-www-form-urlencoded"),
    (f"{API}/upload", "multipart/form-data; boundary=x"),
])  # fmt: skip
def test_a_body_that_drips_is_hung_up_on(hasty: str, path: str, kind: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        "Content-Length: 5000\r\n\r\n"
    )
    with connect(hasty) as connection:
        connection.sendall(head.encode())
        assert is_closed_while_dripping(connection)


def test_a_slow_body_that_goes_on_is_taken(hasty: str) -> None:
    body = b"username=a&password=" + b"x" * 40_000
    head = (
        "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with connect(hasty) as connection:
        connection.sendall(head.encode())
        for start in range(0, len(body), 4_000):  # takes three times as long as a head may
            connection.sendall(body[start : start + 4_000])
            time.sleep(0.15)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 ")


def test_very_many_streams_of_one_visitor_are_refused(hasty: str) -> None:
    visitor = Visitor(hasty)
    release = threading.Event()

    def hold(number: int) -> None:
        with visitor.http.stream("GET", f"{API}/heartbeat/page{number}") as stream:
            statuses.append(stream.status_code)
            release.wait(120)

    statuses: list[int] = []
    holders = [threading.Thread(target=hold, args=(n,), daemon=True) for n in range(4)]
    for holder in holders:
        holder.start()
    deadline = time.monotonic() + 10
    while len(statuses) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        answer = visitor.http.get(f"{API}/heartbeat/one-more")
        assert answer.status_code == 429
        assert answer.json()["detail"] == open_requests.MANY
        assert visitor.upload("a.png").status_code == 429
        assert visitor.http.get("/").status_code == 200
    finally:
        release.set()
        for holder in holders:
            holder.join(120)
    assert statuses == [200] * 4


def test_long_bodies_under_way_count_as_many_requests(hasty: str) -> None:
    visitor, limit = Visitor(hasty), 4 * 100_000
    visitor.http.get("/")
    long = visitor.http.post(f"{API}/queue/join", content=b" " * limit)
    assert (long.status_code, long.json()["detail"]) == (429, open_requests.MANY)
    assert visitor.http.post(f"{API}/queue/join", content=b" " * 1000).status_code != 429


def test_many_connections_are_allowed() -> None:
    most = allow_many_connections()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft >= min(16_384, hard)
    assert 0 < most < soft


def test_a_new_connection_takes_the_place_of_the_one_that_waited_longest(
    hasty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_timeout, "HEAD", 30)
    monkeypatch.setattr(RequestTimeoutProtocol, "most", 5)
    silent = [connect(hasty) for _ in range(20)]
    with connect(hasty) as late:
        late.sendall(b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert late.recv(65_536).startswith(b"HTTP/1.1 303")
    assert all(map(is_closed, silent[:10]))
    for connection in silent:
        connection.close()


def is_closed(connection: socket.socket) -> bool:
    """Tell whether the server closes or has closed a connection."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


_FULL = """
import logging, os, resource, socket, threading, time
import uvicorn
from ui.serving import PageServer
logging.basicConfig()
resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48))
async def app(scope, receive, send): ...
config = uvicorn.Config(app, port=0, log_level="warning", lifespan="off", loop="asyncio")
server = PageServer(config, lambda: None)
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    time.sleep(0.01)
port = server.servers[0].sockets[0].getsockname()[1]
opened = []
try:
    while True:
        opened.append(socket.create_connection(("127.0.0.1", port)))
except OSError:
    time.sleep(1.5)
os._exit(0)
"""


def test_connections_that_find_no_room_are_one_line_of_the_log() -> None:
    done = subprocess.run([sys.executable, "-c", _FULL], capture_output=True, text=True, timeout=60)
    assert done.stderr.count("\n") == 1, done.stderr[:2000]
    assert "No further connections" in done.stderr


def test_a_proxy_makes_nobody_the_owner(open_studio: str, guarded: str) -> None:
    """nginx sends `Host: 127.0.0.1:7860` unless it is told otherwise, and speaks HTTP/1.0."""
    http = Visitor(open_studio).http
    for header in ("X-Forwarded-For", "X-Real-IP", "Via", "Forwarded", "X-Forwarded-Host"):
        value = "127.0.0.1" if header == "X-Forwarded-Host" else "192.0.2.1"
        for path in ("/", "/config", f"{API}/info", "/media/catalogs.json"):
            answer = http.get(path, headers={header: value})
            assert answer.status_code == 403, (header, path)
            assert "users add" in answer.text
    with connect(open_studio) as connection:
        connection.sendall(b"GET /config HTTP/1.0\r\nHost: 127.0.0.1:7860\r\n\r\n")
        assert connection.recv(65_536).split(b" ")[1] == b"403"
    assert http.get("/config").status_code == 200
    visitor = Visitor(guarded, Role.VIEWER)  # there they sign in, as everybody
    answer = visitor.http.get("/config", headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 200


def test_a_host_who_names_a_studio_has_opened_it_on_purpose(tmp_path: Path) -> None:
    request = HTTPConnection({"type": "http", "headers": [], "state": {"proxied": True}})
    assert SignIn(shop_in(tmp_path)).stranger(request)
    for settings in ({"allowed_hosts": "shop.example"}, {"host": "0.0.0.0"}):
        assert not SignIn(shop_in(tmp_path, **settings)).stranger(request)
