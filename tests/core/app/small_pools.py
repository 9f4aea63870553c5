"""A pool of small models behind HTTP, without Ray: the requests and answers are the real ones."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from core.app.model_service import ModelService
from core.app.models import ModelPool
from core.base.http_messages import Request
from core.ports.encoder import Encoder
from core.ports.engines import EngineModel
from core.settings import load_settings
from tests.core.pipeline.small import HashingEncoder


class Reader(HashingEncoder):
    """A small encoder that reads two languages."""

    languages = ("en", "de")

    def language_of(self, text: str) -> str:
        return "de" if "stuhl" in text else "en"

    def encode_queries(self, texts, language=""):
        return self.encode_texts([f"{language or self.language_of(text)} {text}" for text in texts])


def small_models(folder: Path, **settings: object) -> ModelPool:
    """Return the models of a studio whose shipped engines have small encoders."""
    models = ModelPool(load_settings(data_dir=folder, cache_dir=folder / "cache", **settings))
    encoders: dict[str, Encoder] = {"clip": Reader("words"), "vl-clip": HashingEncoder("crops")}
    for name, encoder in encoders.items():
        models._engines[name] = EngineModel(models.recipes[name], encoder)
    return models


def small_service(folder: Path, **settings: object) -> ModelService:
    """Return the service of such models; Ray's workers make it, too."""
    return ModelService(small_models(folder, **settings))


@contextmanager
def answering(service: ModelService) -> Iterator[str]:
    """Answer HTTP requests on a free port; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
            options = tuple(parse_qsl(asked.query))
            answer = service(Request(asked.path, body, token, options))
            self.send_response(answer.status)
            self.send_header("content-type", answer.media_type)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
