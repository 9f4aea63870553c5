"""A local server that speaks the Messages API, for tests with the real client."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


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


def draft(description: str) -> Answer:
    return Answer({"description": description})


def verdict(score: float, *suggestions: str, stop: bool = False, why: str = "Because.") -> Answer:
    return Answer(
        {"score": score, "justification": why, "suggestions": list(suggestions), "stop": stop}
    )


def trouble(status: int, **headers: str) -> Answer:
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


class MessagesServer:
    """Answers one by one from a script (the last one again and again), and notes the questions."""

    def __init__(self) -> None:
        self.script: list[Answer] = []
        self.questions: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.at: list[float] = []
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server._serve(self)

            def log_message(self, *args: object) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def texts(self, number: int) -> str:
        """All words of one question."""
        blocks = self.questions[number]["messages"][0]["content"]
        return "\n".join(block["text"] for block in blocks if block["type"] == "text")

    def _serve(self, http: BaseHTTPRequestHandler) -> None:
        body = http.rfile.read(int(http.headers["content-length"]))
        with self._lock:
            self.questions.append(json.loads(body))
            self.headers.append({name.lower(): value for name, value in http.headers.items()})
            self.at.append(time.monotonic())
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


Serve = Callable[..., MessagesServer]
