"""Keys of dealt pairs, which don't tell whether a pair is a hidden repeat.

A key names query and item, with tabs and percent signs escaped, and ends with a tag: a keyed hash
of the set, the annotator, the pair and its round. Without the secret of the store nobody can tell a
tag of round 0 from one of round 1.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from pathlib import Path
from urllib.parse import unquote

from core.base.lazy import lazy
from core.base.locks import WRITE, file_lock
from core.base.shared_files import read_to_change, share
from core.domain import Task
from core.errors import JudgmentError
from core.judging.state import PairKey

_BYTES = 32
_DIGITS = 20


class TaskKeys:
    """The keys of one catalogue.

    Args:
        path: File of the secret; it is made when the first key is needed, readable by its owner.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def key(self, set_id: str, annotator: str, task: Task) -> str:
        """Return the key of a task."""
        pair = task.pair.key
        return "\t".join((*map(_escaped, pair), self._tag(set_id, annotator, pair, task.round)))

    def parsed(self, set_id: str, annotator: str, key: str) -> tuple[str, str, int]:
        """Return query id, item id and round of a key.

        A tag that is not of this store's, such as one of before its secret was lost, is of round 0.

        Raises:
            JudgmentError: It is no key.
        """
        pair, tag = _split(key)
        return *pair, int(self._is_tag(tag, set_id, annotator, pair, 1))

    def is_own(self, set_id: str, annotator: str, key: str) -> bool:
        """Tell whether this store gave the key to this annotator."""
        pair, tag = _split(key)
        return any(self._is_tag(tag, set_id, annotator, pair, number) for number in (0, 1))

    def _is_tag(self, tag: bytes, set_id: str, annotator: str, pair: PairKey, number: int) -> bool:
        return hmac.compare_digest(tag, self._tag(set_id, annotator, pair, number).encode())

    def _tag(self, set_id: str, annotator: str, pair: PairKey, number: int) -> str:
        text = json.dumps([set_id, annotator, *pair, number])
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()[:_DIGITS]

    def repeat_seed(self, set_id: str) -> bytes:
        """Return what the hidden repeats of a set are drawn with.

        In each set they are others: whoever saw a pair twice in one set does not know that it comes
        twice in another one.
        """
        return hmac.new(self.secret, json.dumps(["repeats", set_id]).encode(), "sha256").digest()

    @lazy
    def secret(self) -> bytes:
        """The store's secret; orders and samples of hidden repeats are drawn with it, too."""
        with file_lock(self._path.with_suffix(".lock"), WRITE):
            version = read_to_change(self._path)
            if not self._path.is_file() or len(self._path.read_bytes()) != _BYTES:
                share(self._path, secrets.token_bytes(_BYTES), mode=0o600, over=version)
            return self._path.read_bytes()


def _split(key: str) -> tuple[PairKey, bytes]:
    """Return the pair and the tag of a key."""
    parts = key.split("\t")
    if len(parts) != 3:
        raise JudgmentError("The page sent something that is no pair. Reload the page.")
    return (unquote(parts[0]), unquote(parts[1])), parts[2].encode("utf-8", "replace")


def _escaped(name: str) -> str:
    """Return an id without tabs; ids in files of other tools may have some."""
    return name.replace("%", "%25").replace("\t", "%09")
