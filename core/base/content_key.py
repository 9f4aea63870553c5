"""Content keys: hashes of everything that a stored result depends on."""

from __future__ import annotations

import hashlib
import json


def content_key(*parts: object) -> str:
    """Hash a sequence of JSON values: 32 hex digits, the same on every machine and in every run.

    The parts are serialised as one JSON list with sorted keys, so ``("ab", "c")`` and
    ``("a", "bc")`` differ.
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
