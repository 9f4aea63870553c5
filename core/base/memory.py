"""Read how much memory this process can still take."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a version of the control groups names what it knows.

    Attributes:
        controller: In the list of a process's own groups; version 2 has none.
        folder: Of its groups.
        limit: File with the limit.
        used: File with the use, which has the files that were read in it.
        files: Name in ``memory.stat`` of what those files take; the system drops them when needed.
    """

    controller: str
    folder: str
    limit: str
    used: str
    files: str


_KINDS = (
    _Kind("", ".", "memory.max", "memory.current", "inactive_file"),
    _Kind(
        "memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
    ),
)


def free_bytes(groups: Path = _GROUPS, own: Path = _OWN) -> int:
    """Return the memory that this process can still take, in bytes.

    It is the least of what the machine has free, what its container, its own control group and
    those around it may still take, and what its own limit (``ulimit -v``) leaves.

    Args:
        groups: Folder of the control groups; there are none outside Linux.
        own: File that names this process's own groups.
    """
    free = [psutil.virtual_memory().available, *_in_groups(groups, own), *_below_limit()]
    return max(0, min(free))


def _in_groups(groups: Path, own: Path) -> Iterator[int]:
    for kind in _KINDS:
        path = _own_path(own, kind.controller)
        for part in (path, *path.parents):
            group = groups / kind.folder / part
            with suppress(OSError, ValueError):  # no such file, or "max"
                used = int((group / kind.used).read_text()) - _files(group, kind.files)
                yield int((group / kind.limit).read_text()) - used


def _own_path(own: Path, controller: str) -> PurePosixPath:
    """Return this process's group, relative to all of them; of a container it is not seen."""
    with suppress(OSError, ValueError):
        for line in own.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(",") and ".." not in path:
                return PurePosixPath(path.lstrip("/"))
    return PurePosixPath()


def _files(group: Path, name: str) -> int:
    with suppress(OSError, ValueError):
        pairs = (line.split() for line in (group / "memory.stat").read_text().splitlines())
        return next((int(pair[1]) for pair in pairs if pair[0] == name), 0)
    return 0


def _below_limit() -> list[int]:
    if sys.platform == "win32":
        return []
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return []
    return [limit - int(psutil.Process().memory_info().vms)]
