"""Small file helpers: hashing, space, and one sentence for what the system says."""

from __future__ import annotations

import errno
import hashlib
import shutil
from pathlib import Path


def sha256_file(path: Path) -> str:
    """Hex digest of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def files_under(folder: Path) -> dict[str, Path]:
    """Files of a folder by their POSIX path relative to it, sorted; dot files left out."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {
        name: path
        for name, path in sorted(found.items())
        if path.is_file() and not any(part.startswith(".") for part in name.split("/"))
    }


def free_bytes(folder: Path) -> int:
    """Bytes that can still be written below an existing folder."""
    return shutil.disk_usage(folder).free


def is_disk_full(error: OSError) -> bool:
    """Whether the system refused to write for want of space."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
