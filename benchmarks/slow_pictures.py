"""A server of small pictures on this machine that takes its time, and what asks it."""

from __future__ import annotations

import io
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
from PIL import Image

from core.catalog.photo_taking import Fetch

#: How long each picture takes to arrive, seconds.
WAIT = 0.5


class _Pictures(BaseHTTPRequestHandler):
    """Answers ``/N.png`` with a picture of its own, after a wait."""

    def do_GET(self) -> None:
        time.sleep(WAIT)
        number = int(self.path.strip("/").split(".")[0])
        buffer = io.BytesIO()
        colour = (number % 256, 255 - number % 256, number // 256 * 40 % 256)
        Image.new("RGB", (32, 32), colour).save(buffer, "PNG")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(buffer.getvalue())

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True


def _serve(answer: Connection) -> None:
    with _Server(("127.0.0.1", 0), _Pictures) as server:
        answer.send(server.server_address[1])
        server.serve_forever()


def _fetch(port: int, url: str, *, max_bytes: int, timeout: float) -> bytes:
    """Fetch the picture of an address from the server at a port instead."""
    name = url.rsplit("/", 1)[1]
    return httpx.get(f"http://127.0.0.1:{port}/{name}", timeout=timeout).content


@contextmanager
def slow_pictures() -> Iterator[Fetch]:
    """Run the server in a process of its own; yields what fetches pictures from it."""
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe()
    process = context.Process(target=_serve, args=(sending,), daemon=True)
    process.start()
    try:
        yield partial(_fetch, receiving.recv())
    finally:
        process.kill()
        process.join()


def feed(folder: Path, count: int) -> Path:
    """Write a catalogue of items with a link each."""
    path = folder / "items.csv"
    rows = (f"i{n},item {n},mug,https://photos.example/{n}.png" for n in range(count))
    path.write_text("\n".join(["item_id,title,product_type,image", *rows]) + "\n")
    return path
