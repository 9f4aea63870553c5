"""Other web sites, over real HTTP: nothing is reflected, nothing is served, nothing acts."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from core.people import Role
from tests.ui.security.served import API, Visitor, served, shop_in

FOREIGN = ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost")


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("host", [None, "studio.localhost"])
def test_no_foreign_origin_is_reflected_or_served(
    open_studio: str, origin: str, host: str | None
) -> None:
    visitor = Visitor(open_studio)
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    headers |= {"Host": host} if host else {}
    for method, path in (
        ("OPTIONS", f"{API}/queue/join"), ("GET", "/config"), ("GET", "/"), ("POST", "/login"),
        ("POST", f"{API}/queue/join"), ("POST", f"{API}/run/search"), ("POST", "/logout"),
        ("POST", f"{API}/component_server"), ("POST", f"{API}/upload"), ("GET", f"{API}/info"),
        ("POST", f"{API}/cancel"), ("GET", f"{API}/startup-events"),
        ("GET", "/media/example/0.jpg"),
    ):  # fmt: skip
        answer = visitor.http.request(method, path, headers=headers)
        assert answer.status_code == 403, (method, path)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Other sites may not use it" in answer.json()["detail"]


def test_the_own_origin_acts_and_programs_without_one_do(open_studio: str) -> None:
    visitor = Visitor(open_studio)
    body = {"session_hash": visitor.session, "fn_index": 0, "data": []}
    for headers in ({}, {"Origin": open_studio}, {"Sec-Fetch-Site": "same-origin"}):
        answer = visitor.http.post(f"{API}/queue/join", json=body, headers=headers)
        assert answer.status_code == 200, headers


def test_what_browsers_say_about_other_sites_is_believed(open_studio: str) -> None:
    http = Visitor(open_studio).http
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert http.get("/explore?q=chair", headers=elsewhere).status_code == 200  # a link
    assert http.get(f"{API}/info", headers=elsewhere).status_code == 403
    assert http.post("/login", headers=elsewhere).status_code == 403
    for site in ("cross-site", "same-site"):
        for mode in ("no-cors", "cors"):
            headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
            assert http.get("/config", headers=headers).status_code == 403, headers
            assert http.get("/media/example/0.jpg", headers=headers).status_code == 403


def test_a_form_of_another_type_does_not_act(open_studio: str) -> None:
    """What a page may send elsewhere without asking first is no JSON by its own account."""
    http = Visitor(open_studio).http
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = http.post(f"{API}/cancel", content=b"{}", headers={"Content-Type": kind})
        assert answer.status_code == 415, kind


def test_nobody_is_signed_out_by_a_link_elsewhere(guarded: str) -> None:
    visitor = Visitor(guarded, Role.ADMIN)
    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Referer": "https://evil.example/"},
        {"Origin": "https://evil.example"},
    ):
        for path in ("/logout", "/logout?all_session=true"):
            assert visitor.http.get(path, headers=headers).status_code in (403, 405)
    assert visitor.http.get("/config").status_code == 200
    own = {"Sec-Fetch-Site": "same-origin"}
    assert visitor.http.post("/logout", headers=own).status_code < 400
    assert visitor.http.get("/config").status_code == 401


def test_every_answer_says_who_may_frame_it(guarded: str) -> None:
    visitor = Visitor(guarded, Role.VIEWER)
    for path in ("/", "/explore", "/nothing-here", "/config", f"{API}/file=/etc/passwd",
                 "/openapi.json", "/media/demo/full/zz.jpg", "/theme.css"):  # fmt: skip
        answer = visitor.http.get(path)
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    refused = visitor.http.get("/", headers={"Host": "evil.example"})
    assert refused.status_code == 400
    assert "frame-ancestors" in refused.headers["Content-Security-Policy"]


def test_cookies_are_kept_from_scripts_and_other_sites(guarded: str) -> None:
    for proxied in (False, True):
        headers = {"X-Forwarded-Proto": "https"} if proxied else {}
        visitor = Visitor(guarded)
        answer = visitor.http.post(
            "/login", headers=headers, data={"username": "viewer", "password": "the viewer secret"}
        )
        assert answer.status_code == 200
        cookies = answer.headers.get_list("set-cookie")
        assert cookies
        for cookie in cookies:
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert ("Secure" in cookie) is proxied


def test_a_site_that_may_frame_the_studio_is_named(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, frame_ancestors="'self' https://intranet.example")
    with served(shop) as url:
        answer = Visitor(url).http.get("/", headers={"X-Forwarded-Proto": "https"})
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("frame-ancestors 'self' https://intranet.example;")
        assert "X-Frame-Options" not in answer.headers
        (cookie,) = answer.headers.get_list("set-cookie")
        for attribute in ("SameSite=None", "Secure", "Partitioned", "HttpOnly", "__Host-"):
            assert attribute in cookie


def test_tls_may_end_at_a_proxy_that_does_not_say_so(open_studio: str) -> None:
    """An https page of this very host and port can only be this studio behind TLS.

    The other way round it may be somebody in between, who has taken the TLS off.
    """
    visitor = Visitor(open_studio)
    port = int(open_studio.rpartition(":")[2])
    secure = {"X-Forwarded-Proto": "https"}
    for origin, more, status in (
        (f"https://127.0.0.1:{port}", {}, 200),
        (f"https://127.0.0.1:{port + 1}", {}, 403),
        ("https://127.0.0.1", {}, 403),
        (f"https://127.0.0.1:{port}", secure, 200),
        (f"http://127.0.0.1:{port}", secure, 403),
        ("https://shop.localhost", {"Host": "shop.localhost"}, 200),
        ("http://shop.localhost", {"Host": "shop.localhost"} | secure, 403),
    ):
        headers = {"Origin": origin, **more}
        body = {"session_hash": f"{origin} {more}"[:100], "fn_index": 0, "data": []}
        answer = visitor.http.post(f"{API}/queue/join", json=body, headers=headers)
        assert answer.status_code == status, headers


def test_a_space_is_framed_by_its_platform_and_signs_in_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = {"userinfo": {"preferred_username": "ada"}}
    monkeypatch.setattr("gradio.oauth._get_mocked_oauth_info", lambda: info)
    shop = shop_in(tmp_path, space_host="me-studio.hf.space", space_sign_in=True)
    tls = {"Host": "me-studio.hf.space", "X-Forwarded-Proto": "https"}
    with served(shop) as url, httpx.Client(base_url=url, headers=tls) as http:
        framed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
                  "Sec-Fetch-Dest": "iframe"}  # fmt: skip
        page = http.get("/", headers=framed)
        assert page.status_code == 200
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("frame-ancestors 'self' https://huggingface.co;")
        assert "X-Frame-Options" not in page.headers
        signed_in = http.get("/login/callback", follow_redirects=False)  # the platform's stand-in
        kept = page.headers.get_list("set-cookie") + signed_in.headers.get_list("set-cookie")
        assert {cookie.partition("=")[0] for cookie in kept} == {"__Host-vlclip-visitor", "session"}
        for cookie in kept:  # a browser sends no other ones inside a frame
            assert {"HttpOnly", "SameSite=None", "Secure"} <= set(cookie.split("; ")), cookie
        cookies = {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in kept)}
        http.cookies.clear()
        assert http.get(f"{API}/user", headers=cookies).json() == "ada"
        body = {"session_hash": "s", "fn_index": 0, "data": []}
        for origin, status in (
            ("https://me-studio.hf.space", 200), ("https://huggingface.co", 403),
            ("https://evil.example", 403), ("null", 403),
        ):  # fmt: skip
            headers = {"Origin": origin, **cookies}
            answer = http.post(f"{API}/queue/join", json=body, headers=headers)
            assert answer.status_code == status, origin
        reads = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", **cookies}
        assert http.get("/config", headers=reads).status_code == 403
        plain = http.get("/", headers={"X-Forwarded-Proto": "http"})
        assert "SameSite=Lax" in plain.headers["set-cookie"]
