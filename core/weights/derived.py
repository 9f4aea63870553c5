"""Files made from a role's weights: cached beside them, checked, made anew where damaged."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.base.atomic import atomic_write, replacing
from core.base.locks import AS_LONG_AS_IT_TAKES, file_lock
from core.weights.store import WeightStore
from core.weights.weight_files import sha256_file

_log = logging.getLogger(__name__)

#: Folder of the derived files in the weight cache.
FOLDER = "derived"


@dataclass(frozen=True, slots=True)
class Derivation:
    """A file that is made from the weights of a role.

    Attributes:
        role: The role.
        name: Name of the file.
        version: Change it when the same weights would give another file.
        make: Reads the first path, the role's weights, and writes the second.
    """

    role: str
    name: str
    version: str
    make: Callable[[Path, Path], None]


def derived(store: WeightStore, derivation: Derivation) -> Path:
    """Return the file; make it first if it is missing, damaged, or of other weights.

    Another process that makes it is waited for. A damaged file is made anew.

    Raises:
        WeightsUnavailable: The weights can't be fetched.
        OSError: The file can't be written.
        ValueError: The weights can't be converted.
    """
    source = store.path(derivation.role)
    folder = store.root / FOLDER
    path = folder / derivation.name
    identity = f"{store.fingerprint(derivation.role)} {derivation.version}"
    with file_lock(folder / f".{derivation.name}.lock", AS_LONG_AS_IT_TAKES):
        if not _is_current(path, identity):
            _log.info("Converting %s for this machine, once.", derivation.name)
            with replacing(path) as partial:
                derivation.make(source, partial)
            note = {"identity": identity, "sha256": sha256_file(path)}
            atomic_write(_note(path), json.dumps(note, indent=1))
    return path


def damaged(store: WeightStore) -> list[str]:
    """Return the names of derived files that have changed since they were made."""
    notes = sorted((store.root / FOLDER).glob("*.note.json"))
    paths = [note.with_name(note.name.removesuffix(".note.json")) for note in notes]
    return [path.name for path in paths if path.exists() and not _is_whole(path)]


def _is_current(path: Path, identity: str) -> bool:
    note = _read(path)
    return note.get("identity") == identity and path.is_file() and _is_whole(path)


def _is_whole(path: Path) -> bool:
    return _read(path).get("sha256") == sha256_file(path)


def _read(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        note = json.loads(_note(path).read_text("utf-8"))
        return note if isinstance(note, dict) else {}
    return {}


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.note.json")
