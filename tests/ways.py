"""The project's files that a call passes through."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parent.parent


def ways(call: Callable[[], object]) -> list[tuple[str, tuple[str, ...]]]:
    """Return each function that is entered, with the files on its thread's stack, each once."""
    seen: list[tuple[str, tuple[str, ...]]] = []
    here = threading.local()

    def profile(frame: FrameType, event: str, _: object) -> None:
        stack = here.__dict__.setdefault("stack", [])
        if event == "call":
            path = Path(frame.f_code.co_filename)
            stack.append(path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "")
            if stack[-1].startswith(("ui/", "core/")):
                files = (name for name in stack if name.startswith(("ui/", "core/")))
                seen.append((frame.f_code.co_name, tuple(dict.fromkeys(files))))
        elif event == "return" and stack:
            stack.pop()

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return seen


def longest_way(call: Callable[[], object]) -> tuple[str, ...]:
    """Return the files on the stack that has the most of them."""
    return max((files for _, files in ways(call)), key=len)


def way_to(function: str, call: Callable[[], object]) -> tuple[str, ...]:
    """Return the files on the stack when a call first enters ``FILE:FUNCTION``."""
    file, _, name = function.partition(":")
    entered = ways(call)
    return next(files for entry, files in entered if entry == name and files[-1] == file)
