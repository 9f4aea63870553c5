"""Small helpers for files: hashing, listing and disk space."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path


def sha256_file(path: Path) -> str:
    """Return the hex SHA-256 digest of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def files_under(folder: Path) -> dict[str, Path]:
    """Map the files of a folder by relative POSIX path, sorted; hidden files are left out."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path
        for name, path in sorted(paths.items())
        if path.is_file() and not any(part.startswith(".") for part in name.split("/"))
    }


def bytes_below(folder: Path) -> int:
    """Return the size of all files below a folder, while others add, move and delete them."""
    total = 0
    for parent, _, names in os.walk(folder):  # passes over folders that vanish, unlike rglob
        for name in names:
            with suppress(OSError):
                total += Path(parent, name).stat().st_size
    return total


def free_bytes(folder: Path) -> int:
    """Return how many bytes are free on the disk of an existing folder."""
    return shutil.disk_usage(folder).free


def is_disk_full(error: OSError) -> bool:
    """Tell whether the error means that the disk or the quota is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
