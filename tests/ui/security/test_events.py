"""Nonsense to every event of the running app, by everybody, over real HTTP.

The events come from the app's own description of its pages, so that a new one can't be forgotten.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from core.people import Action, Role
from tests.ui.security.served import API, Visitor, served, shop_in, with_people
from ui import queues, web_app
from ui.error_sentences import UNREADABLE
from ui.web_app import build_pages

NEEDS = "This needs the role"
#: What is put in place of every field of an event.
VALUES: dict[str, Any] = {
    "null": None,
    "number": 1e30,
    "list": [[None]],
    "mapping": {"set": None},
}
#: Who sends which of them; an admin, whom no role keeps back, sends two.
KINDS = {
    Role.VIEWER: ["null"],
    Role.ANNOTATOR: ["number"],
    Role.MERCHANDISER: ["mapping"],
    Role.ADMIN: ["null", "list"],
}
#: What a page's script sends along with an event; an admin sends both, and events without fields,
#: which are refused before anybody's role is looked at.
EVENT_DATA: tuple[Any, ...] = (None, {"action": None, "value": 3})
#: What may come in its place.
MISSING: dict[str, dict[str, Any]] = {
    "none": {}, "null": {"event_data": None}, "empty": {"event_data": {}},
    "list": {"event_data": []}, "text": {"event_data": "action"},
    "half": {"event_data": {"action": "more"}}, "number": {"event_data": {"action": 1, "value": 2}},
}  # fmt: skip


class Events:
    """A served shop, its events by number, and the role that each takes."""

    def __init__(self, url: str, folder: Path, actions: dict[int, Action | None]) -> None:
        self.url, self.folder, self.actions = url, folder, actions
        self.visitors = {role: Visitor(url, role) for role in Role}
        config = self.visitors[Role.ADMIN].config()
        self.all = {e["id"]: e for e in config["dependencies"] if e["backend_fn"]}
        self.server_functions = [
            (part["id"], name)
            for part in config["components"]
            for name in part["props"].get("server_fns", ())
        ]

    def files(self) -> dict[str, int]:
        """Size of every file of the studio but those of sign-ins and uploads."""
        return {
            str(path.relative_to(self.folder)): path.stat().st_size
            for path in self.folder.rglob("*")
            if path.is_file() and path.parts[len(self.folder.parts)] != "temporary"
            and not path.name.startswith("sessions")
        }  # fmt: skip


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as changes:
        yield changes


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Iterator[Events]:
    folder = tmp_path_factory.mktemp("events")
    for name in ("PER_PERSON", "UNREAD", "UNREAD_OF_ALL"):  # the tests send all at once
        patch.setattr(queues, name, 10_000)
    built: list[gr.Blocks] = []
    patch.setattr(
        web_app, "build_pages", lambda studio: built.append(build_pages(studio)) or built[0]
    )
    with served(with_people(shop_in(folder))) as url:
        fns = built[0].fns
        actions = {number: getattr(fn.fn, "action", None) for number, fn in fns.items()}
        yield Events(url, folder, actions)


def outcomes(visitor: Visitor, asked: dict[Any, dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Send many events at once; gives how each ended."""
    session = uuid.uuid4().hex
    waiting, ended = {}, {}
    for key, body in asked.items():
        answer = visitor.http.post(f"{API}/queue/join", json={**body, "session_hash": session})
        if answer.status_code == 200:
            waiting[answer.json()["event_id"]] = key
        else:
            assert 400 <= answer.status_code < 500, (key, answer.status_code, answer.text)
            ended[key] = {"refused": answer.status_code}
    if waiting:
        query = {"session_hash": session}
        with visitor.http.stream("GET", f"{API}/queue/data", params=query) as stream:
            for line in stream.iter_lines():
                message = json.loads(line[5:]) if line.startswith("data:") else {}
                if message.get("msg") in ("process_completed", "unexpected_error"):
                    ended[waiting.pop(message["event_id"])] = message
                if not waiting:
                    break
    return ended


def nonsense(events: Events, role: Role) -> dict[Any, dict[str, Any]]:
    """Make every event with a kind of value in place of its fields; an admin's with none, too."""
    asked: dict[Any, dict[str, Any]] = {}
    for number, event in events.all.items():
        sent = EVENT_DATA if role is Role.ADMIN else EVENT_DATA[1:]
        if not event["collects_event_data"]:
            sent = EVENT_DATA[:1]
        for kind in KINDS[role]:
            value = VALUES[kind]
            for turn, data in enumerate(sent):
                body = {"fn_index": number, "data": [value] * len(event["inputs"])}
                asked[number, event["api_name"], kind, turn] = {**body, "event_data": data}
            if not event["inputs"]:
                break
        if event["inputs"] and role is Role.ADMIN:
            body = {"fn_index": number, "data": [], "event_data": {}}
            asked[number, event["api_name"], "missing", 0] = body
    return asked


def test_the_app_has_the_events_that_are_checked(events: Events) -> None:
    assert set(events.all) == {n for n, a in events.actions.items() if n in events.all}
    assert len(events.all) > 80
    assert sum(action is not None for action in events.actions.values()) > 40


def _problem(message: dict[str, Any], *, lacks: bool) -> str:
    """Say what is wrong with an event's end; where the role lacks the right, it has to say so."""
    if "refused" in message:
        return ""
    output = message["output"]
    if message["success"]:
        return "it was done" if lacks and NEEDS not in str(output["data"]) else ""
    error = str(output.get("error"))
    if lacks and NEEDS not in error and error != UNREADABLE:
        return error
    return "" if error.endswith(".") and "Traceback" not in error else error


@pytest.mark.parametrize("role", Role)
def test_nonsense_is_answered_with_a_sentence_and_does_nothing(
    events: Events, role: Role, caplog: pytest.LogCaptureFixture
) -> None:
    before, failures = events.files(), []
    with caplog.at_level(logging.WARNING):
        ended = outcomes(events.visitors[role], nonsense(events, role))
    for key, message in ended.items():
        action = events.actions[key[0]]
        lacks = action is not None and not role.includes(action.role)
        if problem := _problem(message, lacks=lacks):
            failures.append((key, problem))
    assert not failures, (len(failures), len(ended), failures)
    assert not [record.getMessage() for record in caplog.records if record.levelno > 30]
    assert not [record for record in caplog.records if record.exc_info]
    if not role.includes(Role.MERCHANDISER):
        assert events.files() == before


def test_an_event_without_its_data_is_one_line_of_the_log(
    events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    """Fields as the page has them, and anything but the data that the page's script adds."""
    visitor = events.visitors[Role.ADMIN]
    fields = {part["id"]: part["props"].get("value") for part in visitor.config()["components"]}
    numbers = [n for n, event in events.all.items() if event["collects_event_data"]]
    assert len(numbers) >= 7
    asked: dict[Any, dict[str, Any]] = {}
    for number in numbers:
        data = [fields.get(field) for field in events.all[number]["inputs"]]
        for kind, more in MISSING.items():
            asked[number, kind] = {"fn_index": number, "data": data, **more}
    for key, message in outcomes(visitor, asked).items():
        assert message.get("refused") or message["output"].get("error") == UNREADABLE, key
    assert len(caplog.records) <= len(asked)
    assert not [record for record in caplog.records if record.exc_info]
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_nobody_sends_an_event(events: Events) -> None:
    nobody = Visitor(events.url)
    for number in events.all:
        body = {"fn_index": number, "data": [], "session_hash": nobody.session}
        assert nobody.http.post(f"{API}/queue/join", json=body).status_code == 401, number
    for number, name in events.server_functions:
        body = {"component_id": number, "fn_name": name, "data": {}}
        assert nobody.http.post(f"{API}/component_server", json=body).status_code == 401, name


@pytest.mark.parametrize("role", Role)
def test_server_functions_answer_nonsense_with_a_sentence(
    events: Events, role: Role, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(events.server_functions) >= 8
    http = events.visitors[role].http
    for number, name in events.server_functions:
        for value in VALUES.values():
            body = {
                "component_id": number, "fn_name": name, "data": value,
                "session_hash": events.visitors[role].session,
            }  # fmt: skip
            answer = http.post(f"{API}/component_server", json=body)
            assert answer.status_code == 200, (name, value, answer.text)
            assert set(answer.json()) == {"error"}, (name, value)
            assert answer.json()["error"].endswith("."), (name, value)
    assert not [record for record in caplog.records if record.exc_info]


def test_what_no_page_has_is_refused_with_a_sentence_and_one_log_line(
    events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    http, session = events.visitors[Role.VIEWER].http, uuid.uuid4().hex
    number, name = events.server_functions[0]
    asked: list[tuple[str, dict[str, Any]]] = [
        *(("queue/join", {"fn_index": wrong, "data": []}) for wrong in (10**6, -1)),
        *(("component_server", {"component_id": wrong, "fn_name": name, "data": {}})
          for wrong in (10**6, -1, "0", [], None, 1.5)),
        *(("component_server", {"component_id": number, "fn_name": wrong, "data": {}})
          for wrong in ("update", "__init__", "", 3, None, {})),
        ("call/nothing", {"data": []}),
    ]  # fmt: skip
    for path, body in asked:
        caplog.clear()
        answer = http.post(f"{API}/{path}", json={**body, "session_hash": session})
        assert answer.status_code in (400, 404), (path, body, answer.text)
        assert answer.json()["detail"] == UNREADABLE
        assert len(caplog.records) == 1, (path, body, caplog.records)
        assert caplog.records[0].exc_info is None
    body = {"component_id": number, "fn_name": name, "data": {}, "session_hash": []}
    assert http.post(f"{API}/component_server", json=body).status_code == 404
    assert http.post(f"{API}/call/v2/search", json={"x": 1}).status_code == 404


@pytest.mark.parametrize("body", [
    None, [], "x", 3, {}, {"fn_index": "x"}, {"fn_index": 10**6, "data": []},
    {"fn_index": 0, "data": None}, {"fn_index": 0, "data": {"a": 1}}, {"fn_index": None},
    {"fn_index": 0, "data": [], "session_hash": 3}, {"fn_index": -1, "data": [[]]},
])  # fmt: skip
@pytest.mark.parametrize("path", ["queue/join", "component_server", "cancel", "reset"])
def test_a_body_that_is_no_event_is_refused(events: Events, path: str, body: Any) -> None:
    answer = events.visitors[Role.ADMIN].http.post(f"{API}/{path}", json=body)
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
