"""Nobody gets further than the sign-in: every route and function of the running app, as nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Mount

from core.people import Role
from tests.ui.security.served import served, shop_in
from tests.ui.signin.conftest import PASSWORD, client, sign_in, with_people
from ui.signin.gate import is_public
from ui.web_app import build_app

API = "/gradio_api"
AGAIN = {"error": "Sign in again.", "sign_in": "/login"}
#: What a browser says that asks for a page.
PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}


def all_routes(app: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """List every method and path of an app and of what is mounted on it or included in it."""
    while not hasattr(app, "routes"):
        app = app._app  # one of the layers around it
    for route in app.routes:
        if isinstance(route, Mount):
            yield from all_routes(route.app, prefix + route.path)
        elif included := getattr(route, "original_router", None):
            yield from all_routes(included, prefix + route.include_context.prefix)
        else:
            for method in sorted(getattr(route, "methods", None) or {"GET"}):
                yield method, prefix + route.path


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", "x", path)


def test_every_route_wants_a_sign_in(guarded: str, tmp_path: Path) -> None:
    routes = set(all_routes(build_app(with_people(shop_in(tmp_path)))))
    assert len(routes) > 80
    with client(guarded) as http:
        for method, path in sorted(routes):
            if is_public(filled(path)):
                continue
            answer = http.request(method, filled(path))
            assert answer.status_code == 401, (method, path, answer.status_code)
            if method != "HEAD":
                assert answer.json() == AGAIN, (method, path)


def test_what_is_public_is_short_and_tells_nothing(guarded: str, tmp_path: Path) -> None:
    routes = all_routes(build_app(with_people(shop_in(tmp_path))))
    public = {(method, path) for method, path in routes if is_public(filled(path))}
    assert public <= {
        ("GET", "/login"), ("POST", "/login"), ("GET", "/logout"), ("POST", "/logout"),
        ("GET", "/favicon.ico"), ("GET", "/robots.txt"), ("GET", "/assets/{path:path}"),
        ("GET", "/static/{path:path}"), ("GET", "/svelte/{path:path}"), ("HEAD", "/login"),
    }  # fmt: skip
    with client(guarded) as http:
        for folder in ("assets", "static", "svelte"):
            for path in ("../../../../etc/passwd", "..%2f..%2fgradio_api/info", "%2e%2e/config"):
                answer = http.get(f"/{folder}/{path}")
                assert answer.status_code in (400, 401, 403, 404), (path, answer.status_code)
                assert "root:" not in answer.text


def test_every_function_wants_a_sign_in(guarded: str) -> None:
    with client(guarded) as admin, client(guarded) as nobody:
        assert sign_in(admin, "admin").status_code == 200
        config = admin.get("/config").json()
        functions = config["dependencies"]
        assert len(functions) > 60
        for entry in functions:
            body = {"fn_index": entry["id"], "data": [None] * len(entry["inputs"])}
            body["session_hash"] = "abcdef"
            for path in ("queue/join", f"run/{entry['api_name']}", f"call/{entry['api_name']}"):
                answer = nobody.post(f"{API}/{path}", json=body)
                assert answer.status_code == 401, (path, entry["id"])
                assert answer.json() == AGAIN
        servers = [
            (component["id"], name)
            for component in config["components"]
            for name in component["props"].get("server_fns") or ()
        ]
        assert len(servers) >= 8
        for component, name in servers:
            body = {"component_id": component, "fn_name": name, "data": {}, "session_hash": "x"}
            answer = nobody.post(f"{API}/component_server", json=body)
            assert (answer.status_code, answer.json()) == (401, AGAIN), name


def test_a_made_up_or_borrowed_cookie_is_nobody(guarded: str) -> None:
    with client(guarded) as http, client(guarded) as other:
        sign_in(http, "viewer")
        (name,) = [cookie for cookie in http.cookies if cookie.startswith("vlclip-")][:1]
        token = http.cookies[name]
        for value in ("", "viewer", token[:-1], token + "x", token.upper(), "a" * 4000):
            answer = other.get("/config", headers={"Cookie": f"{name}={value}"})
            assert answer.status_code == 401
        for header in ("X-User", "X-Forwarded-User", "Remote-User", "Authorization"):
            assert other.get("/config", headers={header: "viewer"}).status_code == 401


@pytest.mark.parametrize("role", list(Role))
def test_whoever_signs_in_sees_pages_and_pictures(guarded: str, role: Role) -> None:
    with client(guarded) as http:
        sign_in(http, role.value)
        for path in ("/", "/explore", "/annotate", "/config", f"{API}/info"):
            answer = http.get(path)
            assert answer.status_code == 200, path
            is_page = answer.headers["Content-Type"].startswith("text/html")
            wanted = "private, no-store" if is_page else "private"
            assert answer.headers["Cache-Control"] == wanted, path
        assert http.get(f"{API}/user").json() == role.value
        missing = http.get("/media/demo/thumb/" + "0" * 64 + ".jpg")
        assert missing.status_code == 404


def test_a_browser_is_led_to_the_sign_in_and_back(guarded: str) -> None:
    with client(guarded) as http:
        answer = http.get("/compare?q=a+%26b", headers=PAGE)
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/login?next=%2Fcompare%3Fq%3Da%2B%2526b"
        assert http.get("/", headers=PAGE).headers["Location"] == "/login"
        page = http.get(answer.headers["Location"], headers=PAGE)
        assert page.status_code == 200
        assert 'name="next" value="/compare?q=a+%26b"' in page.text
        form = {"username": "viewer", "password": PASSWORD, "next": "/compare?q=a+%26b"}
        welcome = http.post("/login", data=form, headers=PAGE)
        assert (welcome.status_code, welcome.headers["Location"]) == (303, "/compare?q=a+%26b")
        assert http.get("/compare", headers=PAGE).status_code == 200


def test_without_users_everybody_is_the_owner(open_studio: str) -> None:
    with client(open_studio) as http:
        assert http.get("/config").json()["username"] == ""
        assert http.get("/", headers=PAGE).status_code == 200
        assert http.get("/login", headers=PAGE).headers["Location"] == "/"
        for name in ("admin", ""):
            assert sign_in(http, name).status_code == 200  # programs that sign in anyway go on
        assert not [cookie for cookie in http.cookies if "visitor" not in cookie]


def test_the_first_user_closes_a_running_studio(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    with served(shop) as url, client(url) as http:
        assert http.get("/config").status_code == 200
        People = type(shop.people)  # as the command in another process does
        People.from_settings(shop.settings).add("ada", Role.ADMIN, PASSWORD)
        assert http.get("/config").status_code == 401
        sign_in(http, "ada")
        assert http.get("/config").status_code == 200


def test_a_named_users_file_that_can_not_be_read_lets_nobody_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "people.json"
    shop = shop_in(tmp_path / "data", users_file=path)
    with served(shop) as url, client(url) as http:
        for text in (None, "{", ""):
            if text is not None:
                path.write_text(text)
            for address in ("/config", "/", "/login"):
                answer = http.get(address)
                assert (answer.status_code, "its log says why" in answer.text) == (503, True)
            assert http.get("/", headers=PAGE).status_code == 503
            assert sign_in(http, "ada").status_code == 503
        assert f"{path} is missing" in caplog.text
        assert f"{path} is damaged" in caplog.text
        path.unlink()
        shop.people.add("ada", Role.ADMIN, PASSWORD)
        assert sign_in(http, "ada").status_code == 200
        assert http.get("/config").status_code == 200


def test_a_users_file_that_breaks_while_people_work_lets_nobody_in(tmp_path: Path) -> None:
    shop = with_people(shop_in(tmp_path))
    path = tmp_path / "users.json"
    with served(shop) as url, client(url) as http:
        sign_in(http, "admin")
        good = path.read_text()
        for bad in ("{", None):
            path.write_text(bad) if bad else path.unlink()
            assert http.get("/config").status_code == 503
        path.write_text(good)
        assert http.get("/config").status_code == 200


def test_a_proxy_names_people_once(tmp_path: Path) -> None:
    shop = shop_in(tmp_path, user_header="X-User")
    shop.people.add("ada", Role.ADMIN, PASSWORD)
    with served(shop) as url, client(url) as http:
        assert http.get("/config").status_code == 401
        assert http.get("/config").json() == {"error": "Sign in again.", "sign_in": "/"}
        page = http.get("/", headers=PAGE)
        assert (page.status_code, "the proxy" in page.text) == (401, True)
        for name in ("ada", "somebody"):
            assert http.get(f"{API}/user", headers={"X-User": name}).json() == name
        twice = httpx.Headers([("X-User", "ada"), ("X-User", "eve")])
        assert http.get("/config", headers=twice).status_code == 401
        for name in ("", "<b>", "x" * 61):
            assert http.get("/config", headers={"X-User": name}).status_code == 401
        assert sign_in(http, "ada").headers.get("Set-Cookie") is None


def test_on_a_space_visitors_look_around_until_they_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = {"userinfo": {"preferred_username": "ada"}}
    monkeypatch.setattr("gradio.oauth._get_mocked_oauth_info", lambda: session)
    with served(shop_in(tmp_path, space_sign_in=True)) as url, client(url) as http:
        assert http.get("/", headers=PAGE).status_code == 200
        assert http.get(f"{API}/user").json() == ""
        answer = http.get("/login/callback")  # Gradio's own, which stands in for the platform's
        session = answer.headers["Set-Cookie"].partition(";")[0]
        assert http.get(f"{API}/user", headers={"Cookie": session}).json() == "ada"
        assert http.get(f"{API}/user", headers={"Cookie": session[:-2]}).json() == ""
