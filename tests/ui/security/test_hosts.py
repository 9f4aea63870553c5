"""Names and forwarded headers, over real HTTP and by themselves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from core.errors import SettingsError
from core.people import Role
from core.settings import load_settings
from tests.ui.security.served import API, Visitor, served, shop_in, with_people
from ui.security.hosts import AllowedHosts
from ui.security.proxies import TrustedProxies


async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...


@pytest.mark.parametrize(
    ("settings", "yes", "no"),
    [
        ({}, "localhost 127.0.0.1 127.0.0.2:80 [::1] [::1]:7860 a.localhost localhost.",
         "evil.example 192.168.1.5 localhost.evil.example [::2] a@localhost localhost/x"),
        ({"host": "0.0.0.0"}, "localhost 192.168.1.5:7860 [fe80::1]:1",
         "evil.example 192.168.1.5.evil.example 0x7f.1.evil.example"),
        ({"host": "0.0.0.0", "allowed_hosts": "shop.example, *.shop.example"},
         "shop.example SHOP.example:443 a.shop.example localhost",
         "evil.example 192.168.1.5 evilshop.example shop.example.evil.example"),
        ({"allowed_hosts": "*"}, "evil.example 10.0.0.1", "a/b a@b"),
        ({"host": "0.0.0.0", "space_host": "me-studio.hf.space"}, "me-studio.hf.space",
         "other-studio.hf.space"),
        ({"host": "studio.local"}, "studio.local studio.local:7860", "evil.local"),
    ],
)  # fmt: skip
def test_names(settings: dict[str, Any], yes: str, no: str) -> None:
    hosts = AllowedHosts(nothing, load_settings(**settings))
    assert [name for name in yes.split() if not hosts.allows(name)] == []
    assert [name for name in ["", *no.split()] if hosts.allows(name)] == []


def test_a_foreign_name_gets_a_sentence(open_studio: str) -> None:
    http = Visitor(open_studio).http
    for path in ("/", "/config", "/media/example/0.jpg", f"{API}/info", "/nothing"):
        answer = http.get(path, headers={"Host": "rebind.attacker.example"})
        assert answer.status_code == 400, path
        assert "VLCLIP_ALLOWED_HOSTS" in answer.json()["detail"]


def test_forwarded_headers_count_from_trusted_proxies_only(tmp_path: Path) -> None:
    sent = {"X-Forwarded-Host": "shop.example", "X-Forwarded-Proto": "https"}
    trusting = shop_in(tmp_path / "a", allowed_hosts="shop.example")
    with served(trusting) as url:
        answer = Visitor(url).http.get("/config", headers=sent)
        assert answer.json()["root"] == "https://shop.example"
        evil = {**sent, "X-Forwarded-Host": "evil.example"}
        assert Visitor(url).http.get("/config", headers=evil).status_code == 400
    wary = shop_in(tmp_path / "b", allowed_hosts="shop.example", trusted_proxies="10.1.1.1")
    with served(wary) as url:
        headers = {**sent, "X-Gradio-Server": "https://evil.example", "X-Forwarded-For": "9.9.9.9"}
        answer = Visitor(url).http.get("/config", headers=headers)
        assert answer.json()["root"] == url


def test_a_name_in_a_header_counts_from_trusted_proxies_only(tmp_path: Path) -> None:
    for proxies, status in (("", 200), ("10.0.0.0/8", 401)):
        folder = tmp_path / (proxies.replace("/", "-") or "here")
        shop = with_people(shop_in(folder, user_header="X-User", trusted_proxies=proxies))
        with served(shop) as url:
            http = Visitor(url).http
            answer = http.get("/config", headers={"X-User": Role.ADMIN.value})
            assert answer.status_code == status
            if status == 200:
                assert answer.json()["username"] == "admin"
                twice = [("X-User", "admin"), ("X-User", "viewer")]
                assert http.get("/config", headers=twice).status_code == 401


def test_the_client_is_the_last_one_that_is_no_proxy() -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    proxies = TrustedProxies(app, load_settings(space_host="me.hf.space"))
    headers = [(b"x-forwarded-for", b"6.6.6.6, 9.9.9.9"), (b"host", b"me.hf.space")]
    scope = {"type": "http", "client": ("10.2.3.4", 1), "headers": headers, "scheme": "http"}
    asyncio.run(proxies(scope, None, None))  # type: ignore[arg-type]
    assert seen[0]["client"][0] == "9.9.9.9"


def test_settings_that_would_break_a_header_are_refused() -> None:
    settings = [
        {"frame_ancestors": "'self'; script-src *"},
        {"frame_ancestors": "a\nb"},
        {"allowed_hosts": "https://shop.example"},
        {"trusted_proxies": "proxy!"},
    ]
    for given in settings:
        with pytest.raises(SettingsError):
            load_settings(**given)


def test_the_api_description_is_for_who_may_look(guarded: str) -> None:
    nobody, viewer = Visitor(guarded), Visitor(guarded, Role.VIEWER)
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert "paths" not in nobody.http.get(path).text
    assert nobody.http.get(f"{API}/openapi.json").status_code == 401
    assert viewer.http.get(f"{API}/openapi.json").status_code == 200
