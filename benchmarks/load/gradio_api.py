"""A client for any Gradio app: events, uploads, server functions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

_API = "/gradio_api"
#: Longest wait for an answer, seconds.
_TIMEOUT = 120


class Refused(Exception):
    """The app answered with an error."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a page, as ``/config`` describes it.

    Attributes:
        number: Its ``fn_index``.
        trigger: Id of the component that raises it.
        inputs: Ids of the components whose values it takes.
        outputs: Ids of the components that it changes.
    """

    number: int
    trigger: int | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


class Config:
    """Events and components of the running app, by the names that the pages give them."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config
        self._components = {component["id"]: component for component in config["components"]}

    def component(self, name: str) -> int:
        """Return the id of the component with this ``elem_id``."""
        return next(int(i) for i, entry in self._components.items() if _name(entry) == name)

    def event(self, component: str, kind: str, like: Event | None = None) -> Event:
        """Return the first event of this kind of a component.

        Args:
            component: Its ``elem_id``, or its type if it has none.
            kind: Such as ``click``.
            like: Only one that takes the same fields.
        """
        for dependency in self._config["dependencies"]:
            for target, event in dependency["targets"]:
                part = self._components.get(target, {})
                named = component in (_name(part), part.get("type"))
                inputs = tuple(dependency["inputs"])
                if event == kind and named and (like is None or like.inputs == inputs):
                    return Event(dependency["id"], target, inputs, tuple(dependency["outputs"]))
        raise LookupError(f"no event {kind} of {component}")

    def load_event(self, page: str, changes: str) -> Event:
        """Return the load event of a page that changes this component."""
        wanted, own = self.component(changes), self._config["page"][page]["dependencies"]
        for dependency in self._config["dependencies"]:
            loads = any(event == "load" for _, event in dependency["targets"])
            if loads and dependency["id"] in own and wanted in dependency["outputs"]:
                return Event(dependency["id"], None, (), tuple(dependency["outputs"]))
        raise LookupError(f"no load event of {page}")


def _name(component: dict[str, Any]) -> str:
    return str(component.get("props", {}).get("elem_id") or "")


class Tab:
    """One browser tab: a session of its own."""

    def __init__(self, http: requests.Session, url: str) -> None:
        self._http, self._url, self.session = http, url, uuid.uuid4().hex[:11]

    def get(self, path: str) -> requests.Response:
        """Fetch an address; raise an error if it is refused."""
        response = self._http.get(self._url + path, timeout=_TIMEOUT)
        response.raise_for_status()
        return response

    def upload(self, content: bytes, name: str) -> dict[str, Any]:
        """Upload a file; return the value of a picture field with it."""
        response = self._http.post(
            f"{self._url}{_API}/upload", files={"files": (name, content)}, timeout=_TIMEOUT
        )
        response.raise_for_status()
        meta = {"_type": "gradio.FileData"}
        return {"path": response.json()[0], "orig_name": name, "meta": meta}

    def send(self, event: Event, data: list[Any], detail: Any = None) -> list[Any]:
        """Queue an event and wait for its answer: the values of its outputs.

        Raises:
            Refused: The app answered with an error.
        """
        body = {
            "data": data, "event_data": detail, "fn_index": event.number,
            "trigger_id": event.trigger, "session_hash": self.session,
        }  # fmt: skip
        joined = self._http.post(f"{self._url}{_API}/queue/join", json=body, timeout=_TIMEOUT)
        if not joined.ok:
            raise Refused(f"{joined.status_code}: {joined.text[:200]}")
        wanted = joined.json()["event_id"]
        with self._http.get(
            f"{self._url}{_API}/queue/data", params={"session_hash": self.session},
            stream=True, timeout=_TIMEOUT,
        ) as stream:  # fmt: skip
            for message in _messages(stream):
                if message.get("event_id") == wanted and message["msg"] == "process_completed":
                    if not message["success"]:
                        raise Refused(str(message["output"].get("error"))[:200])
                    values: list[Any] = message["output"]["data"]
                    return values
                if message["msg"] in ("unexpected_error", "server_stopped"):
                    raise Refused(str(message)[:200])
        raise Refused("the stream ended before the answer")

    def call(self, component: int, function: str, data: dict[str, Any]) -> dict[str, Any]:
        """Call a server function of a component.

        Raises:
            Refused: It answered with a sentence under ``error``.
        """
        body: dict[str, Any] = {
            "data": data, "component_id": component, "fn_name": function,
            "session_hash": self.session,
        }  # fmt: skip
        address = f"{self._url}{_API}/component_server"
        response = self._http.post(address, json=body, timeout=_TIMEOUT)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        if "error" in answer:
            raise Refused(str(answer["error"]))
        return answer


def fields(event: Event, values: dict[int, Any]) -> list[Any]:
    """Return the values of an event's inputs, by component."""
    return [values.get(field) for field in event.inputs]


def value_of(given: Any) -> Any:
    """Return the value of a field after an update."""
    updates = isinstance(given, dict) and given.get("__type__") == "update"
    return given.get("value") if updates else given


def _messages(stream: requests.Response) -> Iterator[dict[str, Any]]:
    """Yield the server's messages as they arrive."""
    stream.raise_for_status()
    rest = b""
    for chunk in stream.iter_content(chunk_size=None):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield json.loads(line[5:])
