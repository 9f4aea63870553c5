"""An S3 server on this machine for tests and benchmarks: ``moto``, one request at a time.

``moto`` looks whether a condition holds and writes afterwards, so two threads may both succeed; one
request at a time makes its conditional writes as atomic as those of a real store.
``python -m tests.object_store PORT`` runs it until it is stopped.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent
BUCKET = "studio-test"
#: Why tests with a bucket are skipped; empty where they run.
MISSING = ", ".join(name for name in ("moto", "obstore") if find_spec(name) is None)
#: Answers with the requests since it was asked last.
LOG = "/-/requests"
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


def requests_of(address: str) -> list[str]:
    """Return method, path and query of each request that the server got since the last call."""
    lines: list[str] = httpx.get(f"{address}{LOG}").json()
    return lines


def serve(port: int, manner: str) -> None:
    """Serve until the process ends."""
    import uvicorn
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.test import EnvironBuilder, run_wsgi_app

    inner = DomainDispatcherApplication(create_backend_app)
    asked: list[str] = []

    async def one_at_a_time(scope: Any, receive: Any, send: Any) -> None:
        """Answer within the event loop, so that nothing else runs meanwhile."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        query = scope["query_string"].decode("latin1")
        if scope["path"] == LOG:
            content = json.dumps(asked).encode()
            asked.clear()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": content})
            return
        asked.append(" ".join(filter(None, (scope["method"], scope["path"], query))))
        environ = EnvironBuilder(
            path=scope["path"], method=scope["method"], query_string=query, data=body,
            headers=[(name.decode("latin1"), value.decode("latin1"))
                     for name, value in scope["headers"]],
        ).get_environ()  # fmt: skip
        if manner == "careless":
            environ.pop("HTTP_IF_MATCH", None)
            environ.pop("HTTP_IF_NONE_MATCH", None)
        if manner == "refusing" and scope["path"].count("/") > 1:
            content, status = f"{SECRET} may not do that".encode(), "403 Forbidden"
            headers: list[tuple[bytes, bytes]] = []
        else:
            parts, status, given = run_wsgi_app(inner, environ)
            content = b"".join(parts)
            headers = [(name.lower().encode(), value.encode()) for name, value in given]
        await send({"type": "http.response.start", "status": int(status[:3]), "headers": headers})
        await send({"type": "http.response.body", "body": content})

    # With the protocol named, asyncio sends small packets at once; else an answer takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", port))
    listening.listen(128)
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(one_at_a_time, log_level="warning", lifespan="off")
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "right")
