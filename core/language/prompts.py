"""The agent's prompts: files in ``data/prompts``, identified by their hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Prompts:
    """The agent's instructions: rules for all roles, and each role's task."""

    system: str
    summarizer: str
    evaluator: str
    refiner: str

    @property
    def digest(self) -> str:
        """Hash of all four texts, hexadecimal."""
        texts = (self.system, self.summarizer, self.evaluator, self.refiner)
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def load_prompts(folder: Path) -> Prompts:
    """Read the four prompts.

    Raises:
        SettingsError: One is missing or empty.
    """
    names = ("system", "summarizer", "evaluator", "refiner")
    return Prompts(**{name: load_prompt(folder, name) for name in names})


def load_prompt(folder: Path, name: str) -> str:
    """Read one prompt.

    Raises:
        SettingsError: It is missing or empty.
    """
    path = folder / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The prompt {path} can't be read: {error}.") from None
    if not text:
        raise SettingsError(f"The prompt {path} is empty.")
    return text
