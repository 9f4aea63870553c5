"""Files over real HTTP: what a path in an event may name, and who may read what."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from core.people import Role
from tests.ui.security.served import API, PNG, Visitor, file_data

#: Components whose values name files on the server. A new kind makes the test below fail, so that
#: somebody looks at it before it is used.
FILE_KINDS = {"file", "image"}
HARMLESS_KINDS = {
    "accordion", "button", "checkbox", "checkboxgroup", "column", "dataframe", "dropdown", "form",
    "group", "html", "markdown", "navbar", "number", "radio", "row", "slider", "state", "tabitem",
    "tabs", "textbox", "timer",
}  # fmt: skip


def file_inputs(config: dict[str, Any]) -> list[tuple[int, int, list[Any], str]]:
    """List every file input of every function: function, place, plain values, its kind."""
    kinds = {c["id"]: c["type"] for c in config["components"]}
    values = {c["id"]: c["props"].get("value") for c in config["components"]}
    return [
        (entry["id"], place, [values[i] for i in entry["inputs"]], kinds[component])
        for entry in config["dependencies"]
        for place, component in enumerate(entry["inputs"])
        if kinds[component] in FILE_KINDS
    ]


def put(values: list[Any], place: int, value: Any) -> list[Any]:
    return [*values[:place], value, *values[place + 1 :]]


def test_every_kind_of_component_is_known(merchandiser: Visitor) -> None:
    kinds = {component["type"] for component in merchandiser.config()["components"]}
    assert kinds <= FILE_KINDS | HARMLESS_KINDS
    assert kinds >= FILE_KINDS


@pytest.mark.parametrize("role", list(Role))
def test_no_input_takes_a_path_that_was_not_uploaded(guarded: str, role: Role) -> None:
    visitor, other = Visitor(guarded, role), Visitor(guarded, Role.MERCHANDISER)
    foreign = other.uploaded("theirs.csv")
    inputs = file_inputs(other.config())
    assert len(inputs) >= 10
    paths = (
        "/etc/hostname",
        "/proc/self/environ",
        foreign,
        f"{foreign}/../../x",
        "http://1.1.1.1/a",
    )
    for fn, place, values, _ in inputs:
        for path in paths:
            for value in (file_data(path), [file_data(path)], path):
                if value is path:
                    continue
                answer = visitor.join(fn, put(values, place, value))
                assert answer.status_code == 403, (fn, place, path, answer.text)
                assert "uploaded" in answer.json()["detail"]


def test_an_own_upload_reaches_every_input(merchandiser: Visitor) -> None:
    path = merchandiser.uploaded("picture.png", PNG)
    for fn, place, values, kind in file_inputs(merchandiser.config()):
        value: Any = file_data(path)
        if kind == "file":
            value = [value]
        answer = merchandiser.join(fn, put(values, place, value))
        assert answer.status_code == 200, answer.text


def test_a_file_of_the_server_is_not_copied_to_where_it_can_be_read(open_studio: str) -> None:
    """The raw requests of the finding: ask for more hits, with a file of the server as picture."""
    visitor = Visitor(open_studio)
    config = visitor.config()
    names = {entry["id"]: entry["api_name"] for entry in config["dependencies"]}
    more = {"action": "more", "value": "20"}
    for fn, place, values, _ in file_inputs(config):
        if not names[fn].startswith("act"):
            continue
        answer = visitor.join(fn, put(values, place, file_data("/etc/hostname")), event_data=more)
        if answer.status_code == 200:
            sent = json.dumps(visitor.outcome())
            for path in re.findall(r'"path": "([^"]*hostname)"', sent):
                read = visitor.file(path)
                assert read.status_code in (403, 404), (path, read.text)
        assert answer.status_code == 403


@pytest.mark.parametrize("form", ["run", "api", "call", "call/v2"])
def test_the_other_forms_of_calling_are_held_to_the_same(guarded: str, form: str) -> None:
    visitor = Visitor(guarded, Role.MERCHANDISER)
    for entry in visitor.config()["dependencies"][:3]:
        body: Any = {"data": [file_data("/etc/hostname")], "fn_index": entry["id"]}
        if form == "call/v2":
            body = {"picture": file_data("/etc/hostname")}
        answer = visitor.http.post(f"{API}/{form}/{entry['api_name']}", json=body)
        closed = form in ("run", "api", "call/v2")  # no page uses these routes
        assert answer.status_code == (404 if closed else 403), answer.text
