"""A local stand-in for the Hugging Face Hub: a folder's repositories, over the hub's own routes."""

from __future__ import annotations

import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote


def commit_of(repository: Path) -> str:
    """Return the commit of a repository: 40 hex digits that change with names and sizes."""
    names = [(str(path), path.stat().st_size) for path in files_of(repository)]
    return hashlib.sha1(repr(names).encode()).hexdigest()


def files_of(repository: Path) -> list[Path]:
    return sorted(path for path in repository.rglob("*") if path.is_file())


class _Handler(http.server.BaseHTTPRequestHandler):
    root: Path

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, body: bool) -> None:
        parts = unquote(self.path.partition("?")[0]).strip("/").split("/")
        listed = parts[:2] == ["api", "models"]
        owner, name, *rest = [*parts[2 * listed :], "", ""]
        repository = (self.root / owner / name).resolve()
        if not (name and repository.is_dir() and repository.is_relative_to(self.root)):
            self._send(404, b"")
        elif listed:
            self._send(200, json.dumps(self._listing(repository, f"{owner}/{name}", rest)).encode())
        else:
            self._file(repository, repository.joinpath(*rest[2:]).resolve(), body)

    def _listing(self, repository: Path, repo: str, rest: list[str]) -> object:
        files = [(str(path.relative_to(repository)), path.stat().st_size)
                 for path in files_of(repository)]  # fmt: skip
        if rest[:1] == ["tree"]:
            return [{"type": "file", "path": name, "size": size, "oid": name}
                    for name, size in files]  # fmt: skip
        siblings = [{"rfilename": name, "size": size} for name, size in files]
        return {"id": repo, "sha": commit_of(repository), "siblings": siblings}

    def _file(self, repository: Path, path: Path, body: bool) -> None:
        if not (path.is_relative_to(repository) and path.is_file()):
            self._send(404, b"")
            return
        self.send_response(200)
        self.send_header("X-Repo-Commit", commit_of(repository))
        self.send_header("ETag", f'"{hashlib.sha1(str(path).encode()).hexdigest()}"')
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        if body:
            with path.open("rb") as file:
                shutil.copyfileobj(file, self.wfile, 2**20)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def stand_in_hub(root: Path) -> Iterator[str]:
    """Serve the folders ``root/owner/name`` as repositories; yield the hub's address."""
    handler = type("Handler", (_Handler,), {"root": root.resolve()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
