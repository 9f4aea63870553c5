"""Errors of the models' libraries about broken weight files, and sentences about them."""

from __future__ import annotations

import pickle
from pathlib import Path

from safetensors import SafetensorError

#: What loading a checkpoint raises where a file is missing, cut off, or something else.
LOAD_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    pickle.UnpicklingError,
    SafetensorError,
)
#: First bytes of the small text file that Git keeps in place of a large one.
_POINTER = b"version https://git-lfs"
#: Endings of files that must not be empty or pointers.
_ENDINGS = (".safetensors", ".bin", ".pth", ".pt", ".json", ".model", ".txt")


def broken_file(folder: Path) -> str:
    """Return a clause on the first file that can't be what its name says; empty if there is none.

    Args:
        folder: A checkpoint's folder, or its only file.
    """
    paths = sorted(folder.iterdir()) if folder.is_dir() else [folder]
    for path in paths:
        if path.suffix not in _ENDINGS or not path.is_file():
            continue
        with path.open("rb") as file:
            head = file.read(len(_POINTER))
        if head == _POINTER:
            return f"{path.name} is only a Git LFS pointer; get the file itself with `git lfs pull`"
        if not head:
            return f"{path.name} is empty"
    return ""


def explain(location: str, error: Exception) -> str:
    """Return why a checkpoint does not load: a broken file's name, or the first line of the error.

    Args:
        location: Its folder or file; anything else is no place on this machine.
        error: What its library raised.
    """
    place = Path(location)
    if location and place.exists() and (reason := broken_file(place)):
        return reason
    lines = str(error).splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
