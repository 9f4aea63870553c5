"""Read how much memory this process can still take."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import psutil

#: Limit and use of a container's memory: control groups of version 2, and of version 1.
_CONTAINER = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
_GROUPS = Path("/sys/fs/cgroup")


def free_bytes(groups: Path = _GROUPS) -> int:
    """Return the memory that this process can still take, in bytes.

    It is the least of what the machine has free, what its container may still take, and what the
    process's own limit (``ulimit -v``) leaves.

    Args:
        groups: Folder of the control groups; there are none outside Linux.
    """
    free = [psutil.virtual_memory().available, *_in_container(groups), *_below_limit()]
    return max(0, min(free))


def _in_container(groups: Path) -> list[int]:
    for limit, use in _CONTAINER:
        with suppress(OSError, ValueError):  # no such file, or "max"
            return [int((groups / limit).read_text()) - int((groups / use).read_text())]
    return []


def _below_limit() -> list[int]:
    if sys.platform == "win32":
        return []
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return []
    return [limit - int(psutil.Process().memory_info().vms)]
