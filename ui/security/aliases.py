"""Hide the path of visitors' files on the server behind an alias.

Gradio puts a file's whole path into answers, and takes it back with events. In answers the folder's
path is replaced by the alias, in requests the alias by the path.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope, Send

#: The alias of the folder.
ALIAS = "/vlclip-files"
_TEXTS = ("text/event-stream", "application/json", "text/plain")


class Aliases:
    """The two names of one folder.

    Args:
        folder: Folder of visitors' files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        # As orjson spells it, and as ``json`` does, which escapes what is no ASCII.
        self._spelled = {self._folder.encode(), json.dumps(self._folder)[1:-1].encode()}

    def inside(self, path: str) -> str:
        """Return the real path of an alias; any other path unchanged."""
        return self._folder + path[len(ALIAS) :] if path.startswith(f"{ALIAS}/") else path

    def taken(self, scope: Scope, path: str) -> Scope:
        """Return the scope of a request with another path."""
        raw = quote(path, safe="/=:~!$&'()*+,;@%").encode("ascii")
        return {**scope, "path": path, "raw_path": raw}

    def replace_in(self, event: Any) -> bool:
        """Replace aliases in an event by real paths, in place; return whether there were any."""
        changed, waiting = False, [event]
        while waiting:
            entry = waiting.pop()
            if isinstance(entry, list):
                waiting.extend(entry)
            elif isinstance(entry, dict):
                waiting.extend(entry.values())
                for key in ("path", "url"):
                    value = entry.get(key)
                    if isinstance(value, str) and f"{ALIAS}/" in value:
                        entry[key] = value.replace(f"{ALIAS}/", f"{self._folder}/", 1)
                        changed = True
        return changed

    def outside(self, body: bytes) -> bytes:
        """Return a piece of an answer with the alias in place of the path."""
        for spelled in self._spelled:
            body = body.replace(spelled, ALIAS.encode())
        return body

    def hide(self, send: Send) -> Send:
        """Wrap ``send`` so that text answers have the alias; each piece must hold whole paths."""
        held: list[Message] = []
        is_text = False

        async def hiding(message: Message) -> None:
            nonlocal is_text
            if message["type"] == "http.response.start":
                kind = MutableHeaders(raw=list(message["headers"])).get("content-type", "")
                is_text = kind.startswith(_TEXTS)
                if is_text:
                    held.append(message)  # its length may change
                    return
            elif is_text and message["type"] == "http.response.body":
                message = {**message, "body": self.outside(message.get("body", b""))}
                if held:
                    await send(_with_length(held.pop(), message))
            await send(message)

        return hiding


def _with_length(start: Message, body: Message) -> Message:
    headers = MutableHeaders(raw=list(start["headers"]))
    if "content-length" in headers and not body.get("more_body", False):
        headers["content-length"] = str(len(body["body"]))
    return {**start, "headers": headers.raw}
