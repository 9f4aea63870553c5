"""A local server that speaks the Messages API, for tests with the real client."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from pydantic import TypeAdapter, ValidationError

from tests.http_servers import serve_in_thread


@dataclass
class Answer:
    """One scripted answer.

    ``answer`` is sent as the JSON text of a message; ``text`` replaces it as it is.
    """

    answer: dict[str, Any] | None = None
    text: str | None = None
    stop_reason: str = "end_turn"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    delay: float = 0.0
    reset: bool = False


#: The SDK's own types of a request.
_REQUESTS = TypeAdapter(MessageCreateParamsNonStreaming)


def problem_of(request: Any) -> str:
    """Return what the SDK's types say against a request; empty if they take it."""
    try:
        checked = _whole(_REQUESTS.validate_python(request))
    except ValidationError as error:
        return str(error)
    # types of this kind pass over names that they do not know
    return "" if checked == request else f"unknown names in {request}"


def _whole(value: Any) -> Any:
    """Read a checked value to its end: its lists are checked as they are read."""
    if isinstance(value, dict):
        return {name: _whole(part) for name, part in value.items()}
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return [_whole(part) for part in value]


def draft(description: str) -> Answer:
    return Answer({"answer": {"description": description}})


def verdict(score: float, *suggestions: str, stop: bool = False, why: str = "Because.") -> Answer:
    given = {"score": score, "justification": why, "suggestions": list(suggestions), "stop": stop}
    return Answer({"answer": given})


def trouble(status: int, **headers: str) -> Answer:
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


class MessagesServer:
    """Answers one by one from a script (the last one again and again), and notes the questions."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.questions: list[dict[str, Any]] = []
        #: What the SDK's types say against requests; the fixture expects nothing.
        self.problems: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.at: list[float] = []
        #: Answers a question by itself, where it is set, instead of the script.
        self.respond: Callable[[dict[str, Any]], Answer] | None = None
        #: Batches by id: ``{"requests": …, "ended": bool, "created": …}``.
        self.batches: dict[str, dict[str, Any]] = {}
        #: Batches end as soon as they are handed in.
        self.batches_end = True
        #: Batches are in the list as soon as they are taken; otherwise they are not.
        self.batches_listed = True
        #: So many questions about batches are answered with 529 first.
        self.batches_overloaded = 0
        #: So many batches are refused with 413.
        self.batches_refused = 0
        #: So many batches are taken, and the connection is closed without an answer.
        self.batches_lost = 0
        #: Called when a batch is taken, before that is answered.
        self.on_batch: Callable[[str], None] = lambda name: None
        #: Sent for the results of a batch instead, and whether more was promised.
        self.results_raw: tuple[bytes, bool] | None = None
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                if self.path.startswith("/v1/messages/batches"):
                    server._take_batch(self) if server._in_form(self) else None
                else:
                    server._serve(self)

            def do_GET(self) -> None:
                server._tell_batch(self) if server._in_form(self) else None

            def log_message(self, *args: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        serve_in_thread(self._http)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def end_batches(self) -> None:
        """End all batches, and those to come as soon as they are handed in."""
        self.batches_end = True
        for batch in self.batches.values():
            batch["ended"] = True

    def texts(self, number: int) -> str:
        """Return all words of one question."""
        blocks = self.questions[number]["messages"][0]["content"]
        return "\n".join(block["text"] for block in blocks if block["type"] == "text")

    def _check(self, request: Any) -> None:
        problem = problem_of(request)
        if problem:
            self.problems.append(problem)

    def _serve(self, http: BaseHTTPRequestHandler) -> None:
        body = http.rfile.read(int(http.headers["content-length"]))
        with self._lock:
            self.questions.append(json.loads(body))
            self._check(self.questions[-1])
            self.headers.append({name.lower(): value for name, value in http.headers.items()})
            self.at.append(time.monotonic())
            if self.respond is not None:
                answer = self.respond(self.questions[-1])
            else:
                answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        time.sleep(answer.delay)
        if answer.reset:
            # close with a reset instead of a clean end
            http.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            http.connection.close()
            return
        payload = answer.raw if answer.raw is not None else self._payload(answer)
        try:
            http.send_response(answer.status)
            for name, value in {"content-type": "application/json", **answer.headers}.items():
                http.send_header(name, value)
            http.send_header("content-length", str(len(payload)))
            http.end_headers()
            http.wfile.write(payload)
        except OSError:
            return  # the client has given up, as it should

    def _payload(self, answer: Answer) -> bytes:
        if answer.status != 200:
            error = {"type": "some_error", "message": "no"}
            return json.dumps({"type": "error", "error": error}).encode()
        text = answer.text if answer.text is not None else json.dumps(answer.answer)
        content = [{"type": "text", "text": text}] if text else []
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-test",
            "content": content, "stop_reason": answer.stop_reason, "stop_sequence": None,
            "usage": {"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 7},
        }  # fmt: skip
        return json.dumps(message).encode()

    def _in_form(self, http: BaseHTTPRequestHandler) -> bool:
        """Tell whether batches are taken now; answer that they are not."""
        if self.batches_overloaded <= 0:
            return True
        self.batches_overloaded -= 1
        http.rfile.read(int(http.headers.get("content-length") or 0))
        self._json(http, {"type": "error", "error": {"type": "overloaded_error"}}, 529)
        return False

    # ── batches ──────────────────────────────────────────────────────────────────────────────
    def _take_batch(self, http: BaseHTTPRequestHandler) -> None:
        body = json.loads(http.rfile.read(int(http.headers["content-length"])))
        if self.batches_refused > 0:
            self.batches_refused -= 1
            self._json(http, {"type": "error", "error": {"type": "request_too_large"}}, 413)
            return
        with self._lock:
            for request in body["requests"]:
                self._check(request["params"])
            name = f"msgbatch_{len(self.batches)}"
            self.batches[name] = {
                "requests": body["requests"],
                "ended": self.batches_end,
                "created": datetime.now(UTC).isoformat(),
            }
        self.on_batch(name)
        if self.batches_lost > 0:
            self.batches_lost -= 1
            http.close_connection = True
            return
        self._json(http, self._batch(name))

    def _tell_batch(self, http: BaseHTTPRequestHandler) -> None:
        parts = http.path.split("?")[0].split("/")
        if parts[-1] == "batches":
            self._json(http, self._page(parse_qs(urlsplit(http.path).query)))
        elif parts[4] not in self.batches:
            self._json(http, {"type": "error", "error": {"type": "not_found_error"}}, 404)
        elif parts[-1] == "results" and self.results_raw is not None:
            payload, promised = self.results_raw
            self._send(http, payload, 200, len(payload) + 100 * promised)
            http.close_connection = True
        elif parts[-1] == "results":
            lines = self._results(self.batches[parts[4]])
            # results come in no order
            payload = "".join(json.dumps(line) + "\n" for line in reversed(lines)).encode()
            self._send(http, payload, 200)
        else:
            self._json(http, self._batch(parts[4]))

    def _page(self, asked: dict[str, list[str]]) -> dict[str, Any]:
        """List batches, latest first, as many as are asked for."""
        names = list(reversed(self.batches)) if self.batches_listed else []
        limit = int(asked.get("limit", ["20"])[0])
        first = names.index(asked["after_id"][0]) + 1 if "after_id" in asked else 0
        page = names[first : first + limit]
        return {
            "data": [self._batch(name) for name in page],
            "has_more": first + limit < len(names),
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }

    def _batch(self, name: str) -> dict[str, Any]:
        batch = self.batches[name]
        done, count = batch["ended"], len(batch["requests"])
        return {
            "id": name, "type": "message_batch", "created_at": batch["created"],
            "expires_at": batch["created"], "archived_at": None, "cancel_initiated_at": None,
            "ended_at": batch["created"] if done else None,
            "processing_status": "ended" if done else "in_progress",
            "request_counts": {
                "processing": 0 if done else count, "succeeded": count if done else 0,
                "errored": 0, "canceled": 0, "expired": 0,
            },
            "results_url": f"{self.url}/v1/messages/batches/{name}/results" if done else None,
        }  # fmt: skip

    def _results(self, batch: dict[str, Any]) -> list[dict[str, Any]]:
        """Answer the questions of a batch once, however often its results are read."""
        with self._lock:
            if "results" not in batch:
                batch["results"] = [self._result(request) for request in batch["requests"]]
            results: list[dict[str, Any]] = batch["results"]
        return results

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        self.questions.append(request["params"])
        assert self.respond is not None
        answer = self.respond(request["params"])
        if answer.status != 200:
            kind = {200: "succeeded", 410: "expired", 499: "canceled"}.get(answer.status, "errored")
            error = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}
            result = {"type": kind, **({"error": error} if kind == "errored" else {})}
        else:
            result = {"type": "succeeded", "message": json.loads(self._payload(answer))}
        return {"custom_id": request["custom_id"], "result": result}

    def _json(self, http: BaseHTTPRequestHandler, body: dict[str, Any], status: int = 200) -> None:
        self._send(http, json.dumps(body).encode(), status)

    @staticmethod
    def _send(
        http: BaseHTTPRequestHandler, payload: bytes, status: int, length: int | None = None
    ) -> None:
        http.send_response(status)
        http.send_header("content-type", "application/json")
        http.send_header("content-length", str(length or len(payload)))
        http.end_headers()
        http.wfile.write(payload)


Serve = Callable[..., MessagesServer]
