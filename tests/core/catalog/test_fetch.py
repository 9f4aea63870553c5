from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.catalog.fetch import fetch_public, is_public
from core.errors import ImageError
from tests.http_servers import serve_in_thread

BODY = b"picture" * 1000


class Handler(BaseHTTPRequestHandler):
    seen: list[tuple[str, str]]

    def do_GET(self):
        self.server.seen.append((self.path, self.headers["Host"]))
        name, _, target = self.path.partition("?")
        if name == "/ok":
            self.answer(200, BODY)
        elif name == "/to":
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()
        elif name == "/loop":
            self.send_response(301)
            self.send_header("Location", "/loop")
            self.end_headers()
        elif name == "/endless":  # no length, never stops
            self.send_response(200)
            self.end_headers()
            for _ in range(10_000):
                self.wfile.write(BODY)
        elif name == "/drip":  # a byte now and then: no single read times out
            self.send_response(200)
            self.end_headers()
            for _ in range(6000):  # ends when the client leaves
                self.wfile.write(b".")
                time.sleep(0.1)
        elif name == "/gzip":
            self.answer(200, BODY, ("Content-Encoding", "gzip"))
        else:
            self.answer(404, b"")

    def answer(self, status, body, *headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for header in headers:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # clients hang up on purpose


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    server.seen = []
    serve_in_thread(server)
    yield server
    server.shutdown()
    server.server_close()


def get(server, path, **options):
    """Fetch from the local server, which stands for a public host called shop.example."""
    names = {"shop.example": ["127.0.0.1"], "metadata.example": ["169.254.169.254"]}
    options = {
        "max_bytes": 10**6,
        "timeout": 5,
        "resolve": lambda host, port: names.get(host, [host]),
        "allow": lambda address: address == "127.0.0.1" or is_public(address),
    } | options
    return fetch_public(f"http://shop.example:{server.server_port}{path}", **options)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "::",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::808:808",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "2002:a83f:8110::",
        "192.0.0.192",
        "192.88.99.1",
        "3fff:fff::1",
        "5f00::1",
        "2606:4700::5efe:7f00:1",
        "2606:4700::200:5efe:a9fe:a9fe",
        "2001:0:5ef5:79fb:0:59d:f5ff:fffe",
        "localhost",
        "",
    ],
)
def test_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "0.0.0.0",
        "localhost",
        "10.0.0.1",
        "169.254.169.254",
    ],
)
def test_own_network_is_refused_without_a_connection(server, host):
    with pytest.raises(ImageError, match=r"private or local|not a host"):
        fetch_public(f"http://{host}:{server.server_port}/ok", max_bytes=10**6, timeout=5)
    assert server.seen == []


def test_a_host_with_one_private_address_is_refused(server):
    with pytest.raises(ImageError, match="private"):
        get(server, "/ok", resolve=lambda host, port: ["1.1.1.1", "10.0.0.1"], timeout=2)


def test_a_name_that_changes_its_address_can_not_switch(server):
    """The address that was checked is the one connected to: one look-up, no second."""
    asked = []

    def resolve(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    assert get(server, "/ok", resolve=resolve) == BODY
    assert asked == ["shop.example"]
    assert server.seen == [("/ok", f"shop.example:{server.server_port}")]


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.example/",
        "http://[::1]/",
        "//192.168.0.1/",
        "file:///etc/passwd",
        "gopher://shop.example/",
        "http://user:secret@shop.example/",
    ],
)
def test_redirects_are_checked(server, target):
    with pytest.raises(ImageError) as caught:
        get(server, f"/to?{target}")
    assert "secret" not in str(caught.value)
    assert len(server.seen) == 1


def test_redirects_are_followed_but_not_for_ever(server):
    assert get(server, "/to?/to?/to?/ok") == BODY
    with pytest.raises(ImageError, match="redirects more than 3"):
        get(server, "/loop")
    assert len([path for path, _ in server.seen if path == "/loop"]) == 4


@pytest.mark.parametrize("path", ["/ok", "/endless"])
def test_size_is_capped(server, path):
    with pytest.raises(ImageError, match="more than"):
        get(server, path, max_bytes=len(BODY) - 1)


def test_time_is_capped(server):
    start = time.monotonic()
    with pytest.raises(ImageError, match=r"within 0\.5 seconds"):
        get(server, "/drip", timeout=0.5)
    assert time.monotonic() - start < 60


def test_proxies_of_the_environment_play_no_part(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(server, "/ok") == BODY


@pytest.mark.parametrize("path", ["/missing", "/gzip"])
def test_other_answers_are_refused(server, path):
    with pytest.raises(ImageError, match=r"shop\.example"):
        get(server, path)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/a.jpg",
        "file:///etc/passwd",
        "/etc/passwd",
        "http://",
        "http://user:pw@shop.example/",
        "http://shop.example:99999/",
        "http://[::1/",
        "http://a\nb/",
        "not a url",
    ],
)
def test_other_addresses_are_refused(url):
    with pytest.raises(ImageError):
        fetch_public(url, max_bytes=100, timeout=1, resolve=lambda host, port: ["10.0.0.1"])


def test_nothing_listens(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(ImageError, match="can't be reached"):
        get(server, "/ok")
