"""Word lists: text files with an entry per line."""

from __future__ import annotations

from pathlib import Path

from core.errors import SettingsError


def read_word_list(path: Path) -> tuple[str, ...]:
    """Read a word list; empty lines and lines that start with ``#`` are skipped.

    Raises:
        SettingsError: It can't be read; the sentence names the file.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise SettingsError(f"The vocabulary {path} can't be read: {error}.") from None
    entries = (line.strip() for line in lines)
    return tuple(line for line in entries if line and not line.startswith("#"))
