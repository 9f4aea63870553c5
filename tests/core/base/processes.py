"""The processes below one, as Linux tells them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descendants(process: int) -> set[int]:
    """Return the ids of all processes below one."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with suppress(OSError, IndexError):
            if entry.name.isdecimal():
                parents[int(entry.name)] = int(_fields(int(entry.name))[1])
    below, more = set[int](), {process}
    while more:
        more = {child for child, parent in parents.items() if parent in more} - below
        below |= more
    return below


def is_running(process: int) -> bool:
    """Tell whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return _fields(process)[0] != "Z"
    except (OSError, IndexError):
        return False


def _fields(process: int) -> list[str]:
    """Return state, parent and so on, which follow the name in brackets."""
    return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
