"""Functions for processes of a cluster; light to import, because each process does."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from core.errors import SettingsError


def end_process() -> None:
    """End this process as the system does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


def answer(kind: str) -> str:
    """Return the kind, raise an error, or end the process."""
    if kind == "killed":
        end_process()
    if kind == "sentence":
        raise SettingsError("A sentence for people.")
    return kind


def is_first(flag: Path) -> bool:
    """Tell whether a flag was not there yet, and leave it there."""
    try:
        flag.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
