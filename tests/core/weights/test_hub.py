from __future__ import annotations

import http.server
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from huggingface_hub import constants

from core.errors import WeightsUnavailable
from core.weights import hub
from core.weights.hub import fetch_hub
from core.weights.sources import HubSource
from tests.http_servers import serve_in_thread

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
    status: ClassVar[int] = 200

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bool) -> None:
        path = self.path.partition("?")[0]
        content, headers = None, {}
        if self.status != 200:
            self.send_response(self.status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
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
    serve_in_thread(server)
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


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_what_to_do(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(Hub, "status", status)
    with pytest.raises(WeightsUnavailable, match=r"owner/model.*HF_TOKEN") as caught:
        fetch_hub(SOURCE, "Model", tmp_path, endpoint=endpoint)
    assert str(status) in str(caught.value)


def test_a_repository_that_is_gone_is_a_sentence(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hub, "status", 404)
    with pytest.raises(WeightsUnavailable, match=r"owner/model.*404|has no hub repository"):
        fetch_hub(SOURCE, "Model", tmp_path, endpoint=endpoint)


def test_what_a_model_needs_must_be_there(endpoint: str, tmp_path: Path) -> None:
    source = replace(SOURCE, needs=(("open_clip_config.json",), ("tokenizer.json", "vocab.txt")))
    with pytest.raises(WeightsUnavailable, match=r"has no tokenizer\.json or vocab\.txt"):
        fetch_hub(source, "Model", tmp_path, endpoint=endpoint)


def cached(folder: Path) -> Path:
    """Write Hugging Face's cache of the repository as its library does: blobs and links."""
    home = folder / "models--owner--model"
    snapshot = home / "snapshots" / COMMIT
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(COMMIT)
    (home / "blobs").mkdir()
    snapshot.mkdir(parents=True)
    for name in ("open_clip_config.json", "open_clip_model.safetensors"):
        (home / "blobs" / name).write_bytes(FILES[name])
        (snapshot / name).symlink_to(home / "blobs" / name)
    return folder


def test_an_unreachable_hub_is_replaced_by_its_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cached(tmp_path / "hub")))
    target = tmp_path / "target"
    target.mkdir()
    assert fetch_hub(SOURCE, "Model", target, endpoint="http://127.0.0.1:9") == COMMIT
    weights = target / "open_clip_model.safetensors"
    assert weights.read_bytes() == FILES[weights.name]
    assert not weights.is_symlink()  # the cache may be cleared


def test_a_download_is_reported_while_it_runs(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "_EVERY", 0.001)
    sizes: list[int] = []
    fetch_hub(SOURCE, "Model", tmp_path, endpoint=endpoint, report=sizes.append)
    assert sizes
    assert max(sizes) > 0
