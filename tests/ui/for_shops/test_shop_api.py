from __future__ import annotations

import json
import socket
import time
import uuid
from dataclasses import replace
from typing import Any

import httpx
import pytest

from core.errors import CatalogDamaged
from core.experiments.assignment import assign
from core.experiments.model import Experiment, ExperimentStatus
from core.settings import SHIPPED
from tests.ui.for_shops.conftest import EXPERIMENT, ORIGIN, Taking


def event(**changes: Any) -> dict[str, Any]:
    """Make a valid click with an id of its own."""
    values: dict[str, Any] = {
        "event_id": uuid.uuid4().hex, "time": "2026-03-01T12:00:00Z", "kind": "click", "unit": "u1",
        "experiment": "sofa", "variant": "a", "item_id": "i1", "position": 2,
    }  # fmt: skip
    return {**values, **changes}


def batch(*events: Any) -> dict[str, Any]:
    return {"events": list(events)}


# ── events ───────────────────────────────────────────────────────────────────────────────────────
def test_a_batch_is_stored_before_the_answer_and_a_repeat_once(taking: Taking) -> None:
    sent = batch(event(), event(kind="purchase", amount=12.5, currency="eur", quantity=1))
    answer = taking.post(sent)
    assert (answer.status_code, answer.json()) == (200, {"stored": 2, "repeated": 0})
    ids = {entry["event_id"] for entry in sent["events"]}
    rows = [row for row in taking.stored() if row["event_id"] in ids]
    assert {row["currency"] for row in rows} == {"", "EUR"}
    again = taking.post(sent)
    assert (again.status_code, again.json()) == (200, {"stored": 0, "repeated": 2})
    assert len([row for row in taking.stored() if row["event_id"] in ids]) == 2
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": "x" * 201}, "event_id"),
        ({"event_id": ["x"]}, "event_id"),
        ({"unit": None}, "unit"),
        ({"unit": "a\x00b"}, "unit"),
        ({"unit": "\ud800"}, "unit"),
        ({"kind": "hover"}, "hover"),
        ({"time": "yesterday"}, "yesterday"),
        ({"time": "2199-01-01T00:00:00Z"}, "2199"),
        ({"time": 1e300}, "1e+300"),
        ({"time": None}, "time"),
        ({"amount": float("nan")}, "amount"),
        ({"amount": float("inf")}, "amount"),
        ({"amount": 10**400}, "amount"),
        ({"amount": "12"}, "amount"),
        ({"currency": "euro"}, "currency"),
        ({"currency": "€"}, "currency"),
        ({"position": 0}, "position"),
        ({"position": 2**40}, "position"),
        ({"quantity": -1}, "quantity"),
        ({"experiment": "lamp"}, "experiment"),
        ({"experiment": "../users"}, "experiment"),
        ({"variant": "c"}, "variant"),
        ({"team": "c"}, "team"),
        ({"experiment": ""}, "experiment"),
        ({"email": "a@b.c"}, "email"),
    ],
)
def test_a_refusal_names_the_event_and_the_field_and_stores_nothing(
    taking: Taking, changes: dict[str, Any], field: str
) -> None:
    before = len(taking.stored())
    bad = event(**changes)
    body = json.dumps(batch(event(), bad)).encode()  # NaN and lone surrogates as Python has them
    answer = send(taking, body)
    assert answer.status_code == 400, answer.text
    sentence = answer.json()["error"]
    assert "Event 2" in sentence
    assert field in sentence
    assert "Nothing of this batch of 2 events was stored." in sentence
    assert len(taking.stored()) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"events": ' + b"9" * 5000 + b"}", 400),
        (b"[]", 400),
        (b'{"events": 3}', 400),
        (b'{"events": [1, null, "x", [], {}]}', 400),
        (b'{"events": [{' + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}]}", 400),
        (b'{"events": [' + b",".join([b"{}"] * 1001) + b"]}", 400),
        (b" " * (2**20 + 1), 413),
    ],
)
def test_bodies_that_are_no_batch(taking: Taking, body: bytes, status: int) -> None:
    answer = send(taking, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"].endswith((".", "}."))
    assert len(answer.content) < 2000


def test_a_large_body_is_refused_before_it_is_sent(taking: Taking) -> None:
    """100 MB are announced; the answer comes although none of them arrives."""
    assert raw(taking, "Content-Length: 104857600").startswith("HTTP/1.1 413")
    assert raw(taking, "Content-Length: 1" + "0" * 5000).startswith("HTTP/1.1 4")
    assert raw(taking, "Content-Length: 10", token="wrong").startswith("HTTP/1.1 401")


def test_a_body_of_unknown_length_is_cut_off(taking: Taking) -> None:
    def endless() -> Any:
        for _ in range(100):
            yield b" " * 2**16

    try:
        answer = send(taking, endless())
    except httpx.WriteError:  # the server has closed the connection
        return
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/html", ""]
)
def test_forms_are_refused(taking: Taking, kind: str) -> None:
    assert send(taking, b"{}", {"Content-Type": kind}).status_code == 415
    assert send(taking, b"{}", {"Content-Encoding": "gzip"}).status_code == 415


def test_texts_that_look_like_code_stay_texts(taking: Taking) -> None:
    texts = ["'; DROP TABLE events; --", '=HYPERLINK("http://evil")', "<script>alert(1)</script>"]
    ids = [f"{number} {text}" for number, text in enumerate(texts)]
    entries = [event(event_id=i, query=t, unit=t) for i, t in zip(ids, texts, strict=True)]
    assert taking.post(batch(*entries)).json()["stored"] == 3
    rows = {row["event_id"]: row for row in taking.stored()}
    assert [rows[event_id]["query"] for event_id in ids] == texts


# ── who may send ─────────────────────────────────────────────────────────────────────────────────
def test_a_token_is_needed_and_none_is_stored_in_clear(taking: Taking) -> None:
    url, body = f"{taking.url}/api/v1/events", batch(event())
    answers = [
        httpx.post(url, json=body),
        httpx.post(url, json=body, headers={"Authorization": "Bearer wrong"}),
        httpx.post(url, json=body, headers={"Authorization": f"Basic {taking.server_token}"}),
        httpx.post(f"{url}?key=wrong", json=body),
    ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert answers[0].headers["www-authenticate"] == "Bearer"
    kept = (taking.shop.settings.data_dir / "event-tokens.json").read_text()
    assert taking.server_token not in kept
    assert taking.page_token not in kept


def test_a_page_sends_from_its_origin_alone(taking: Taking) -> None:
    url, body = f"{taking.url}/api/v1/events?key={taking.page_token}", batch(event())
    own = httpx.post(url, json=body, headers={"Origin": ORIGIN})
    assert own.status_code == 200
    assert own.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in own.headers
    for origin in ("http://evil.example", "null", f"{ORIGIN}.evil.example", "https://shop.example"):
        foreign = httpx.post(url, json=body, headers={"Origin": origin})
        assert foreign.status_code == 403, origin
        assert "access-control-allow-origin" not in foreign.headers
    program = httpx.post(url, json=body)
    assert program.status_code == 403
    assert "pages only" in program.json()["error"]


def test_a_servers_token_does_not_work_in_a_page_or_an_address(taking: Taking) -> None:
    url, body = f"{taking.url}/api/v1/events", batch(event())
    bearer = {"Authorization": f"Bearer {taking.server_token}"}
    in_page = httpx.post(url, json=body, headers={**bearer, "Origin": ORIGIN})
    in_address = httpx.post(f"{url}?key={taking.server_token}", json=body)
    assert (in_page.status_code, in_address.status_code) == (403, 403)


def test_the_question_beforehand_is_answered_for_configured_origins(taking: Taking) -> None:
    url = f"{taking.url}/api/v1/events"
    asks = {"Access-Control-Request-Method": "POST"}
    own = httpx.options(url, headers={**asks, "Origin": ORIGIN})
    assert own.status_code == 204
    assert "authorization" in own.headers["access-control-allow-headers"]
    foreign = httpx.options(url, headers={**asks, "Origin": "http://evil.example"})
    assert foreign.status_code == 403
    assert "access-control-allow-origin" not in foreign.headers
    assert httpx.get(url).status_code == 405


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_a_visitor_who_is_not_to_be_recorded_is_not(taking: Taking, header: str) -> None:
    before = len(taking.stored())
    url = f"{taking.url}/api/v1/events?key={taking.page_token}"
    answer = httpx.post(url, json=batch(event()), headers={"Origin": ORIGIN, header: "1"})
    assert (answer.status_code, answer.json()["stored"]) == (200, 0)
    assert len(taking.stored()) == before


def test_damage_here_is_no_reason_to_drop_events(
    taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 says that sending again does not help: the script of pages forgets the events then."""

    def damaged(*_: object) -> None:
        raise CatalogDamaged("The table /srv/data/experiments/lance can't be read.")

    with monkeypatch.context() as patch:
        patch.setattr(taking.shop.experiments, "record", damaged)
        answer = taking.post(batch(event()))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "/srv" not in answer.text
    tokens = taking.shop.settings.data_dir / "event-tokens.json"
    kept = tokens.read_text()
    try:
        tokens.write_text("{")
        answer = httpx.post(f"{taking.url}/api/v1/events?key=x", json={})
    finally:
        tokens.write_text(kept)
    assert answer.status_code == 503
    assert str(tokens.parent) not in answer.text


def test_a_page_may_not_send_without_end(taking: Taking, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(taking.shop.intake._of_address, "_clock", lambda: now)
    url = f"{taking.url}/api/v1/events?key={taking.page_token}"
    sent = [
        httpx.post(url, json=batch(*[event() for _ in range(1000)]), headers={"Origin": ORIGIN})
        for _ in range(4)
    ]
    refused = [answer for answer in sent if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) > 0
    assert refused[0].headers["access-control-allow-origin"] == ORIGIN


def test_other_addresses_keep_their_checks(taking: Taking) -> None:
    bearer = {"Authorization": f"Bearer {taking.server_token}"}
    for path in ("/api/v1/", "/api/v1/events/x", "/api/v1/Events", "/config"):
        assert httpx.get(f"{taking.url}{path}", headers=bearer).status_code in (401, 303), path


# ── assignment ───────────────────────────────────────────────────────────────────────────────────
def test_assignment_is_the_same_as_in_python(taking: Taking) -> None:
    units = [f"u{number}" for number in range(50)]
    answer = taking.post({"experiment": "sofa", "units": units}, "assignment")
    rows = answer.json()["assignments"]
    expected = [assign(EXPERIMENT, unit).variant for unit in units]
    assert [row["variant"] for row in rows] == [v.name for v in expected if v]
    assert {row["engine"] for row in rows} == {"clip", "vl-clip"}
    bearer = {"Authorization": f"Bearer {taking.server_token}"}
    url = f"{taking.url}/api/v1/assignment?unit=u0&device=mobile"
    got = httpx.get(url, headers=bearer).json()["assignments"]
    assert got == rows[:1]


def test_the_shared_vectors_hold_over_http(taking: Taking) -> None:
    vectors = json.loads((SHIPPED / "shop" / "assignment_vectors.json").read_text("utf-8"))
    names = [entry["id"] for entry in vectors["experiments"]]
    expected: dict[tuple[str, str], dict[str, list[Any]]] = {}
    for name, unit, attributes, variant, reason in vectors["cases"]:
        key = (name, json.dumps(attributes))
        expected.setdefault(key, {})[unit] = [variant, reason]
    for entry in vectors["experiments"]:
        taking.shop.experiments.store.add(Experiment.from_dict({**entry, "status": "running"}))
    try:
        for (name, attributes), units in expected.items():
            asked = {"experiment": name, "units": [*units], "attributes": json.loads(attributes)}
            answer = taking.post(asked, "assignment")
            rows = answer.json()["assignments"]
            assert {row["unit"]: [row["variant"], row["reason"]] for row in rows} == units, name
    finally:
        for name in names:
            (taking.shop.experiments.store._folder / f"{name}.json").unlink()


def test_an_experiment_that_does_not_run_assigns_nobody(taking: Taking) -> None:
    draft = replace(EXPERIMENT, id="draft", status=ExperimentStatus.DRAFT)
    taking.shop.experiments.store.add(draft)
    row = taking.post({"experiment": "draft", "unit": "u"}, "assignment").json()["assignments"][0]
    assert (row["variant"], row["engine"], row["reason"]) == (None, "clip", "not running")


# ── the script ───────────────────────────────────────────────────────────────────────────────────
def test_the_script_is_for_pages_and_has_what_runs(taking: Taking) -> None:
    url = f"{taking.url}/api/v1/shop.js"
    answer = httpx.get(f"{url}?key={taking.page_token}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert '"sofa":{"salt":"sofa"' in answer.text
    assert "draft" not in answer.text
    for key in ("", "wrong", taking.server_token):
        assert httpx.get(f"{url}?key={key}").status_code == 401


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"experiment": "lamp", "unit": "u"}, "lamp"),
        ({"experiment": "sofa"}, "unit"),
        ({"experiment": "sofa", "unit": 1.5}, "unit"),
        ({"experiment": "sofa", "units": []}, "units"),
        ({"experiment": "sofa", "units": ["u"] * 1001}, "units"),
        ({"experiment": ["sofa"], "unit": "u"}, "experiment"),
        ({"unit": "u", "attributes": {"device": 1.5}}, "device"),
        ({"unit": "u", "attributes": [1]}, "attributes"),
        ([], "unit"),
    ],
)
def test_a_wrong_question_gets_a_sentence(taking: Taking, body: object, word: str) -> None:
    answer = taking.post(body, "assignment")
    assert answer.status_code == 400
    assert word in answer.json()["error"]


# ── helpers ──────────────────────────────────────────────────────────────────────────────────────
def send(taking: Taking, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """Send bytes as they are."""
    given = {
        "Authorization": f"Bearer {taking.server_token}", "Content-Type": "application/json"
    } | (headers or {})  # fmt: skip
    return httpx.post(f"{taking.url}/api/v1/events", content=body, headers=given, timeout=60)


def raw(taking: Taking, length: str, token: str = "") -> str:
    """Send only the head of a request, and return what is answered."""
    address, _, port = taking.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((address, int(port)), timeout=10) as connection:
        head = (
            "POST /api/v1/events HTTP/1.1", f"Host: {address}:{port}", length,
            f"Authorization: Bearer {token or taking.server_token}",
            "Content-Type: application/json", "", "",
        )  # fmt: skip
        connection.sendall("\r\n".join(head).encode())
        return connection.recv(2000).decode()
