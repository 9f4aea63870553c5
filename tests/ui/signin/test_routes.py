"""Signing in and out over real HTTP."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path

import httpx
import pytest

from core.access.tries import PER_ADDRESS, PER_NAME
from core.people import People, Role
from tests.ui.security.served import served, shop_in
from tests.ui.signin.conftest import PASSWORD, client, sign_in, with_people
from tests.ui.signin.test_gate import API, PAGE
from ui.signin import routes
from ui.signin.hashing import THREADS, WORKERS, HashingThreads
from ui.signin.routes import local_path


def test_the_cookie_is_for_this_site_and_no_script(guarded: str) -> None:
    with client(guarded) as http:
        cookie = SimpleCookie(sign_in(http, "viewer").headers["Set-Cookie"])
        (morsel,) = cookie.values()
        assert re.fullmatch(r"vlclip-[0-9a-f]{12}", morsel.key)
        assert morsel["httponly"]
        assert morsel["samesite"].lower() == "lax"
        assert morsel["path"] == "/"
        assert not morsel["secure"]
        assert not morsel["domain"]
        assert int(morsel["max-age"]) == 14 * 24 * 3600
        assert len(morsel.value) >= 43


def test_behind_tls_the_cookie_is_secure(guarded: str) -> None:
    with client(guarded, headers={"X-Forwarded-Proto": "https"}) as http:
        cookie = SimpleCookie(sign_in(http, "viewer").headers["Set-Cookie"])
        (morsel,) = cookie.values()
        assert morsel.key.startswith("__Host-vlclip-")
        assert morsel["secure"]
        inside = {"Cookie": f"{morsel.key}={morsel.value}"}
        assert http.get(f"{API}/user", headers=inside).json() == "viewer"
        plain = {**inside, "X-Forwarded-Proto": "http"}
        assert http.get("/config", headers=plain).status_code == 401


def test_what_does_not_fit_signs_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.access.tries.LONGEST_DELAY", 0.0)
    with served(with_people(shop_in(tmp_path))) as url, client(url) as http:
        for name, password in (
            ("viewer", "wrong one"), ("annotator", ""), ("ghost", ""), ("ghost", "nobody"),
            ("", ""), ("merchandiser", PASSWORD + "x" * 20_000), ("<script>", "some words"),
            ("viewer\x00", PASSWORD), ("viewer", "\ud800".encode("utf-8", "surrogatepass")),
        ):  # fmt: skip
            form = {"username": name, "password": password}
            answer, page = (
                http.post("/login", data=form),
                http.post("/login", data=form, headers=PAGE),
            )
            for got in (answer, page):
                assert got.status_code in (400, 401), (name, got.status_code)
                assert "vlclip-" not in got.headers.get("Set-Cookie", "").replace(
                    "vlclip-visitor", ""
                )
            assert answer.json()["error"]
            assert 'role="alert"' in page.text
            assert "<script>" not in page.text
            assert not password or str(password)[:30] not in page.text
            assert http.get("/config").status_code == 401


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"a=1&" * 50, b"{}", b"username=viewer"])
def test_what_is_no_form_is_a_sentence(guarded: str, body: bytes) -> None:
    with client(guarded) as http:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = http.post("/login", content=body, headers=form)
        assert answer.status_code in (400, 401, 429)
        assert answer.json()["error"]


def test_next_stays_in_this_studio() -> None:
    for good in ("/", "/compare?q=chair", "/explore?q=%C3%BC", "/inspect?item=a//b"):
        assert local_path(good) == good
    for bad in ("", "//evil.example", "/\\evil.example", "https://evil.example", "javascript:1",
                "/\t/evil.example", "/\n//evil.example", "\\\\evil", "/login?next=/", "/logout",
                " /x", "/x\u2028", "/..//evil.example", "/.//evil.example", "/login/"):  # fmt: skip
        assert local_path(bad) == "/"


def test_a_session_ends_with_another_role_password_or_without_its_person(tmp_path: Path) -> None:
    shop = with_people(shop_in(tmp_path))
    command = People.from_settings(shop.settings)  # as another process does it
    with served(shop) as url, client(url) as http:

        def enter(password: str = PASSWORD) -> None:
            assert sign_in(http, "viewer", password).status_code == 200
            assert http.get("/config").status_code == 200

        enter()
        command.add("viewer", Role.VIEWER, "another password")
        assert http.get("/config").status_code == 401
        enter("another password")
        command.add("viewer", Role.ANNOTATOR, "another password")
        assert http.get("/config").status_code == 401
        enter("another password")
        command.remove("viewer")
        for path in ("/config", "/", f"{API}/info", "/media/example/0.jpg"):
            assert http.get(path).status_code == 401
        command.add("viewer", Role.VIEWER, "another password")
        assert http.get("/config").status_code == 401


def test_a_session_survives_a_restart(tmp_path: Path) -> None:
    shop = with_people(shop_in(tmp_path))
    with served(shop) as url, client(url) as http:
        sign_in(http, "viewer")
        cookies = dict(http.cookies)
    with served(shop_in(tmp_path)) as url, client(url, cookies=cookies) as http:
        assert http.get(f"{API}/user").json() == "viewer"


def test_signing_out_is_a_post_and_ends_every_browser(guarded: str) -> None:
    with client(guarded) as http, client(guarded) as phone:
        sign_in(http, "annotator")
        sign_in(phone, "annotator")
        cookies = dict(http.cookies)
        link = http.get("/logout", headers={**PAGE, "Sec-Fetch-Site": "cross-site"})
        assert link.status_code in (403, 405)
        assert http.get("/config").status_code == 200
        answer = http.post("/logout", headers=PAGE)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
        assert not [name for name in http.cookies if name in cookies and "visitor" not in name]
        for gone in (http, phone, client(guarded, cookies=cookies)):
            assert gone.get("/config").status_code == 401
        assert http.post("/logout", headers=PAGE).status_code == 303  # twice is no error
        sign_in(http, "annotator")
        assert http.get("/config").status_code == 200


def test_who_is_signed_in_needs_no_page(guarded: str) -> None:
    with client(guarded) as http:
        sign_in(http, "viewer")
        answer = http.get("/login?next=/compare", headers=PAGE)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/compare")


def test_wrong_tries_are_refused_for_a_while_also_with_the_right_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.access.tries.LONGEST_DELAY", 0.0)
    with served(with_people(shop_in(tmp_path))) as url, client(url) as http:
        for name in ("admin", "ghost"):  # the answers are the same for who is not there
            for _ in range(PER_NAME.most):
                answer = sign_in(http, name, "wrong")
                assert answer.status_code == 401
                assert answer.json()["error"] == "This name and password do not fit together."
            refused = sign_in(http, name)
            assert refused.status_code == 429
            assert re.fullmatch(
                r"There were too many wrong tries for this name. Try again in (30|29) seconds.",
                refused.json()["error"],
            )
            assert 28 <= int(refused.headers["Retry-After"]) <= 30
        page = http.post("/login", data={"username": "admin", "password": "x"}, headers=PAGE)
        assert "Try again in" in page.text
        assert sign_in(http, "viewer").status_code == 200
        for n in range(PER_ADDRESS.most):
            sign_in(http, f"name {n}", "wrong")
        refused = sign_in(http, "viewer")
        assert (refused.status_code, "from this address" in refused.text) == (429, True)


def test_many_tries_at_once_leave_the_pages_alone(tmp_path: Path) -> None:
    """The event loop never does password work: it answers others while tries wait for a thread."""
    shop = with_people(shop_in(tmp_path))
    at_work: list[str] = []
    most, now, lock, go_on = 0, 0, threading.Lock(), threading.Event()

    def slow(name: str, password: str) -> bool:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
            at_work.append(threading.current_thread().name)
        go_on.wait(300)
        with lock:
            now -= 1
        return False

    shop.people.check = slow  # type: ignore[method-assign]
    with served(shop) as url, client(url) as http, ThreadPoolExecutor(40) as crowd:
        sign_in_of = [
            crowd.submit(
                httpx.post, f"{url}/login", data={"username": f"name {n}", "password": "x"},
                timeout=300,
            )
            for n in range(40)
        ]  # fmt: skip
        deadline = time.monotonic() + 60
        while now < WORKERS and time.monotonic() < deadline:
            time.sleep(0.01)
        for _ in range(20):  # with all tries unanswered
            assert http.get("/login").status_code == 200
            assert http.get(f"{API}/user").status_code == 401
        assert now == WORKERS
        go_on.set()
        codes = sorted(answer.result().status_code for answer in sign_in_of)
    assert most <= WORKERS
    assert all(name.startswith(THREADS) for name in at_work)
    assert set(codes) <= {401, 429, 503}
    assert len(at_work) <= PER_ADDRESS.most


def test_a_crowd_before_the_threads_is_told_to_come_back() -> None:
    async def crowd() -> None:
        threads = HashingThreads(workers=1, waiting=1)
        go_on = threading.Event()
        held = [asyncio.create_task(threads.run(lambda: go_on.wait(120))) for _ in range(2)]
        await asyncio.sleep(0)
        assert threads.full
        go_on.set()
        assert await asyncio.gather(*held) == [True, True]
        assert not threads.full

    asyncio.run(crowd())


def test_a_full_house_is_a_sentence(guarded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes.HashingThreads, "full", True)
    with client(guarded) as http:
        answer = sign_in(http, "viewer")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Many people" in answer.json()["error"]


def test_gradios_own_client_signs_in(guarded: str) -> None:
    from gradio_client import Client

    Client(guarded, auth=("viewer", PASSWORD), verbose=False)
    with pytest.raises(Exception, match="Invalid credentials"):
        Client(guarded, auth=("viewer", "wrong password"), verbose=False)
