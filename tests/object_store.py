"""An S3 server on this machine for tests and benchmarks: ``moto``, one request at a time.

``moto`` looks whether a condition holds and writes afterwards, so two threads may both succeed; a
lock around each request makes its conditional writes as atomic as those of a real store.
``python -m tests.object_store PORT`` runs it until it is stopped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
BUCKET = "studio-test"
#: Why tests with a bucket are skipped; empty where they run.
MISSING = ", ".join(name for name in ("moto", "obstore") if find_spec(name) is None)
#: A credential that must appear nowhere.
SECRET = "s3cr3t-of-the-test"


def environment(address: str) -> dict[str, str]:
    """The variables with which obstore and LanceDB find the server."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "access-of-the-test",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }


@contextmanager
def object_store() -> Iterator[str]:
    """Run the server with an empty bucket; its address, with the environment set."""
    with server() as address:
        os.environ.update(environment(address))
        try:
            yield address
        finally:
            for name in environment(""):
                os.environ.pop(name, None)


@contextmanager
def server(manner: str = "right") -> Iterator[str]:
    """Run a server with an empty bucket; its address.

    ``careless`` ignores the conditions of writes, ``refusing`` refuses them and repeats their
    credentials, as a proxy that explains itself might.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.object_store", "0", manner],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://"), "the server did not start"
        for _ in range(100):
            try:
                httpx.put(f"{address}/{BUCKET}").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield address
    finally:
        process.kill()
        process.wait()


def serve(port: int, manner: str) -> None:
    """Serve until the process ends."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"  # connections stay open

        def log_request(self, *_: object) -> None:
            """Log nothing."""

    inner, turn = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def one_at_a_time(environ, start_response):
        is_object = environ["PATH_INFO"].count("/") > 1
        if manner == "refusing" and is_object:
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [f"{SECRET} may not do that".encode()]
        if manner == "careless":
            environ.pop("HTTP_IF_MATCH", None)
            environ.pop("HTTP_IF_NONE_MATCH", None)
        with turn:
            return list(inner(environ, start_response))

    made = make_server("127.0.0.1", port, one_at_a_time, threaded=True, request_handler=Quiet)
    print(f"http://127.0.0.1:{made.port}", flush=True)
    made.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "right")
