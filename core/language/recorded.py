"""Rewrites that a language model wrote earlier, shipped as a recording.

They belong to a photo and a listing: where either differs, another rewriter writes. Nothing is
asked of a language model here, and a reader is told that the text is a recording.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from core.base.lazy import lazy
from core.domain.detection import Grounding
from core.domain.item import Item
from core.domain.rewrite import Rewrite, Round
from core.errors import SettingsError
from core.ports.encoder import Vectors
from core.ports.keys import inputs_key
from core.ports.rewriter import Rewriter

#: Stands between the author's name and the day of the recording.
_RECORDED = ", recorded on "


def is_recorded(rewrite: Rewrite) -> bool:
    """Tell whether a rewrite is from a recording."""
    return _RECORDED in rewrite.rewriter


@dataclass(frozen=True, slots=True)
class Recording:
    """Recorded rewrites and the hash of their file.

    Attributes:
        rewrites: By the key of listing and photo (:func:`core.ports.keys.inputs_key`).
        digest: Hash of the file.
    """

    rewrites: dict[str, Rewrite]
    digest: str


def read_recording(path: Path) -> Recording:
    """Read a file of JSON lines: first who wrote and when, then a rewrite with its rounds per line.

    A line that was recorded on another day says so itself.

    Raises:
        SettingsError: The file can't be read.
    """
    try:
        data = path.read_bytes()
        head, *lines = (json.loads(line) for line in data.splitlines())
        author, day = f"{head['model']}{_RECORDED}", head["recorded"]
        rewrites = {
            line["inputs"]: _rewrite(line["rounds"], author + line.get("recorded", day))
            for line in lines
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise SettingsError(f"The recorded rewrites in {path} can't be read: {error}.") from None
    return Recording(rewrites, hashlib.sha256(data).hexdigest())


def _rewrite(rounds: list[dict[str, Any]], author: str) -> Rewrite:
    trace = tuple(
        Round(
            draft=entry["draft"],
            score=entry["score"],
            justification=entry["justification"],
            suggestions=tuple(entry["suggestions"]),
            stop=entry["stop"],
        )
        for entry in rounds
    )
    return Rewrite(trace[-1].draft, trace, author, fingerprint="")


class RecordedRewriter:
    """Give the recorded rewrite of a listing; other listings are written by another rewriter.

    Args:
        path: The recording.
        other: Writes what is not recorded.
    """

    def __init__(self, path: Path, other: Rewriter) -> None:
        self._path, self._other = path, other

    @property
    def name(self) -> str:
        """Name of the other rewriter."""
        return self._other.name

    @lazy
    def fingerprint(self) -> str:
        """Hash of the recording and of the other rewriter."""
        seed = f"{self._other.fingerprint}-{self._recording.digest}"
        return hashlib.sha256(seed.encode()).hexdigest()[:16]

    @property
    def towers(self) -> str:
        """Fingerprint of the encoder whose vectors the other rewriter can use."""
        return self._other.towers

    def rewrite(
        self,
        item: Item,
        photo: Image.Image | None,
        grounding: Grounding | None = None,
        vector: Vectors | None = None,
    ) -> Rewrite:
        """Return the recorded rewrite, or what the other rewriter writes."""
        recorded = self._recording.rewrites.get(inputs_key(item))
        if recorded is None:
            recorded = self._other.rewrite(item, photo, grounding, vector)
        return replace(recorded, fingerprint=self.fingerprint)

    @lazy
    def _recording(self) -> Recording:
        return read_recording(self._path)
