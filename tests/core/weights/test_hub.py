from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from core.errors import WeightsUnavailable
from core.weights.hub import fetch_hub
from core.weights.sources import HubSource

COMMIT = "a" * 40
FILES = {
    "open_clip_config.json": b"{}",
    "open_clip_model.safetensors": b"weights",
    "pytorch_model.bin": b"the same again",
    "README.md": b"# card",
}
SOURCE = HubSource(
    "owner/model",
    ("open_clip_model.safetensors", "open_clip_pytorch_model.bin"),
    ("open_clip_config.json",),
)


class Hub(http.server.BaseHTTPRequestHandler):
    """Serve the few answers of the hub's HTTP interface that a snapshot download needs."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        content, headers = None, {}
        if path.startswith("/api/models/owner/model"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            answer: object = {"id": "owner/model", "sha": COMMIT, "siblings": siblings}
            if "/tree/" in path:
                answer = [
                    {"type": "file", "path": name, "size": len(data), "oid": name}
                    for name, data in FILES.items()
                ]
            content = json.dumps(answer).encode()
            headers["Content-Type"] = "application/json"
        elif path.startswith(f"/owner/model/resolve/{COMMIT}/"):
            name = path.rpartition("/")[2]
            content = FILES.get(name)
            headers |= {"X-Repo-Commit": COMMIT, "ETag": f'"{name}"'}
            if body:
                self.asked.append(name)
        self.send_response(200 if content is not None else 404)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if body and content:
            self.wfile.write(content)


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Hub.asked.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_takes_the_best_weight_file_and_its_extras(endpoint: str, tmp_path: Path) -> None:
    assert fetch_hub(SOURCE, "Model", tmp_path, endpoint=endpoint) == COMMIT
    assert {path.name for path in tmp_path.iterdir()} == {
        "open_clip_config.json",
        "open_clip_model.safetensors",
    }
    assert (tmp_path / "open_clip_model.safetensors").read_bytes() == b"weights"


def test_repository_without_usable_weights_is_refused(endpoint: str, tmp_path: Path) -> None:
    source = HubSource("owner/model", ("model.safetensors",))
    with pytest.raises(WeightsUnavailable, match=r"none of the files model\.safetensors"):
        fetch_hub(source, "Model", tmp_path, endpoint=endpoint)


def test_other_file_than_published_is_refused(endpoint: str, tmp_path: Path) -> None:
    source = HubSource("owner/model", ("open_clip_model.safetensors",), sha256="0" * 64)
    with pytest.raises(WeightsUnavailable, match="not the published file"):
        fetch_hub(source, "Model", tmp_path, endpoint=endpoint)


def test_unreachable_hub_names_model_attempt_and_compact(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        fetch_hub(SOURCE, "Grounding DINO tiny", tmp_path, endpoint="http://127.0.0.1:9")
    sentence = str(caught.value)
    assert "Grounding DINO tiny" in sentence
    assert "owner/model" in sentence
    assert "compact" in sentence
    assert "\n" not in sentence
